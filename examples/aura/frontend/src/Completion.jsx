import { useState } from 'react';

import { call } from './api.js';

export function Completion() {
  const [prompt, setPrompt] = useState('');
  const [answer, setAnswer] = useState();
  const [fault, setFault] = useState('');

  async function ask(event) {
    event.preventDefault();
    try {
      setAnswer(await call('/ai/complete', { method: 'POST', body: JSON.stringify({ prompt }) }));
      setFault('');
    } catch (error) {
      setFault(error.message);
    }
  }

  return (
    <section>
      <h2>Completion</h2>
      <form onSubmit={ask}>
        <input value={prompt} onChange={(event) => setPrompt(event.target.value)} placeholder="a prompt" required />
        <button type="submit">Ask</button>
      </form>
      {fault && <p className="fault">{fault}</p>}
      {answer && <blockquote data-testid="completion">{answer.text}</blockquote>}
      {!answer && !fault && <p className="quiet">The gateway answers the same prompt in the same way.</p>}
    </section>
  );
}
