import Hapi from '@hapi/hapi';

const server = Hapi.server({ port: 3000, host: 'localhost', routes: { payload: { maxBytes: 10485 } } });
await server.start();
