// AURA's backend: wires the parts together, listens where it is told to, and drains before it goes.
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { createApp } from './src/app.js';
import { ItemStore } from './src/items.js';
import { MetricsStream } from './src/metrics.js';

const { PORT, GATEWAY_URL, DATA_FILE } = process.env;
if (!PORT) {
  console.error('PORT is not set: the backend listens where it is told to');
  process.exit(1);
}

const file = DATA_FILE ?? fileURLToPath(new URL('data/items.json', import.meta.url));
const metrics = new MetricsStream();
const app = createApp({ items: new ItemStore(file), metrics, gatewayUrl: GATEWAY_URL });

const server = app.listen(Number(PORT), (error) => {
  if (error) {
    console.error(`cannot listen on ${PORT}: ${error.message}`);
    process.exit(1);
  }
  console.log(`backend listening on port ${PORT}`);
});

// A connection kept alive would hold the server for seconds after its last answer.
let draining = false;
server.on('request', (_request, response) => {
  response.once('close', () => draining && setImmediate(() => server.closeIdleConnections()));
});

// Accept nothing new, end the streams that would never end by themselves, finish what was begun.
function drain(signal) {
  console.log(`${signal}: draining`);
  draining = true;
  server.close(() => process.exit(0));
  metrics.end();
}

process.once('SIGTERM', drain);
process.once('SIGINT', drain);
