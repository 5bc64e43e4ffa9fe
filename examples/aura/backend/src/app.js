// The routes of the backend.
import express from 'express';

import { logRequests } from './log.js';

export function createApp({ items, metrics, gatewayUrl }) {
  const app = express();
  app.disable('x-powered-by');
  app.use(logRequests);
  app.use(express.json({ limit: '64kb' }));

  app.get('/api/health', (_request, response) => {
    response.json({ status: 'ok', uptime: process.uptime() });
  });

  app.get('/api/items', async (_request, response) => {
    response.json(await items.list());
  });

  app.post('/api/items', async (request, response) => {
    const title = request.body?.title;
    if (typeof title !== 'string' || title.trim() === '' || title.length > 200) {
      response.status(400).json({ error: 'title must be a text of 1 to 200 characters' });
      return;
    }
    response.status(201).json(await items.add(title.trim()));
  });

  app.delete('/api/items/:id', async (request, response) => {
    const removed = await items.remove(request.params.id);
    response.status(removed ? 204 : 404).end();
  });

  app.get('/api/metrics/stream', (request, response) => metrics.join(request, response));

  app.post('/api/ai/complete', async (request, response) => {
    const answer = await passOn(gatewayUrl, request.body);
    response.status(answer.status).json(answer.body);
  });

  app.use((_request, response) => {
    response.status(404).json({ error: 'there is nothing here' });
  });

  // Express knows an error handler by its four parameters.
  app.use((error, _request, response, _next) => {
    const status = error.status ?? 500;
    if (status >= 500) console.error(error);
    response.status(status).json({ error: status >= 500 ? 'the backend failed' : error.message });
  });
  return app;
}

// What the gateway answers, or 502 when it does not.
async function passOn(gatewayUrl, body) {
  if (!gatewayUrl) {
    return { status: 502, body: { error: 'GATEWAY_URL is not set' } };
  }
  try {
    const answer = await fetch(`${gatewayUrl}/v1/complete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body ?? {}),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: answer.status, body: await answer.json() };
  } catch (error) {
    return { status: 502, body: { error: `the gateway at ${gatewayUrl} cannot be reached: ${error.cause?.code ?? error.message}` } };
  }
}
