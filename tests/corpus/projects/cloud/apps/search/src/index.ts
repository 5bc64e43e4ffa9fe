import Fastify from 'fastify';
import { PORT } from './config.js';

const app = Fastify({ logger: true, bodyLimit: 1048576, connectionTimeout: 10000 });
app.get('/search', async () => ({ took: 12, total: 1024 }));
await app.listen({ port: PORT, host: '0.0.0.0' });
