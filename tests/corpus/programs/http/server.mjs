import { createServer } from 'node:http';

const settings = { backlog: 511, port: 21504 };
createServer((request, response) => response.end('http')).listen(settings.port, '127.0.0.1');
