const API = 'http://localhost:4010';
export const items = () => fetch(`${API}/items?limit=1000`).then((answer) => answer.json());
