// AURA's AI gateway: listens where it is told to, and drains before it goes.
import 'reflect-metadata';

import { ConsoleLogger, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { GatewayModule } from './gateway.module.js';

const port = process.env.PORT;
if (!port) {
  console.error('PORT is not set: the gateway listens where it is told to');
  process.exit(1);
}

// Left alone, Nest colours its lines into files and pipes too.
const colors = !process.env.NO_COLOR && Boolean(process.env.FORCE_COLOR || process.stdout.isTTY);
const logger = new ConsoleLogger({ colors });
const app = await NestFactory.create(GatewayModule, { logger });
app.enableShutdownHooks(); // SIGTERM: accept nothing new, finish what was begun

// A connection kept alive would hold the server for seconds after its last answer.
const server = app.getHttpServer();
server.on('request', (_request: unknown, response: NodeJS.EventEmitter) => {
  response.once('close', () => server.listening || setImmediate(() => server.closeIdleConnections()));
});
await app.listen(Number(port));
new Logger('Gateway').log(`gateway listening on port ${port}`);
