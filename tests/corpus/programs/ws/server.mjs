import { WebSocketServer } from 'ws';

new WebSocketServer({ port: 21506, host: '127.0.0.1', maxPayload: 65536 });
