import { createRoot } from 'react-dom/client';

const TIMEOUT = 8000;
createRoot(document.getElementById('root')).render(<App width={1280} height={720} />);

function App({ width, height }) {
  return <a href="http://localhost:4010/items" style={{ zIndex: 9999, width, height }}>items after {TIMEOUT}</a>;
}
