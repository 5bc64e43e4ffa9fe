import Fastify from 'fastify';

const app = Fastify();
app.get('/', async () => 'fastify');
app.get('/express', async () => (await fetch('http://localhost:21500')).text());
await app.listen({ port: 21501, host: '127.0.0.1' });
