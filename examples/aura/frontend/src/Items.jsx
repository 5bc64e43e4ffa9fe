import { useEffect, useState } from 'react';

import { call } from './api.js';

export function Items() {
  const [items, setItems] = useState([]);
  const [title, setTitle] = useState('');
  const [fault, setFault] = useState('');

  async function attempt(action) {
    try {
      await action();
      setItems(await call('/items'));
      setFault('');
    } catch (error) {
      setFault(error.message);
    }
  }

  useEffect(() => {
    attempt(async () => {});
  }, []);

  function add(event) {
    event.preventDefault();
    attempt(async () => {
      await call('/items', { method: 'POST', body: JSON.stringify({ title }) });
      setTitle('');
    });
  }

  return (
    <section>
      <h2>Items</h2>
      <form onSubmit={add}>
        <input value={title} onChange={(event) => setTitle(event.target.value)} placeholder="a new item" required />
        <button type="submit">Add</button>
      </form>
      {fault && <p className="fault">{fault}</p>}
      <ul data-testid="items">
        {items.map((item) => (
          <li key={item.id}>
            <span>{item.title}</span>
            <button
              type="button"
              aria-label={`delete ${item.title}`}
              onClick={() => attempt(() => call(`/items/${item.id}`, { method: 'DELETE' }))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      {items.length === 0 && !fault && <p className="quiet">Nothing here yet.</p>}
    </section>
  );
}
