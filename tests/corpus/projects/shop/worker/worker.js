import http from 'node:http';

const HEALTH_PORT = 4015;
const POLL_MS = 1500;

const server = http.createServer((request, response) => response.end('fine'));
server.listen(HEALTH_PORT, '127.0.0.1');
setInterval(() => fetch('http://localhost:3000/items').catch(() => {}), POLL_MS).unref();
