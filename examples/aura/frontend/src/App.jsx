import { Completion } from './Completion.jsx';
import { Items } from './Items.jsx';
import { Metrics } from './Metrics.jsx';

export function App() {
  return (
    <main>
      <header>
        <h1>AURA</h1>
        <p>Items, live metrics and completions, each from a service of its own.</p>
      </header>
      <Metrics />
      <div className="columns">
        <Items />
        <Completion />
      </div>
    </main>
  );
}
