const { WebSocketServer } = require('ws');
const heartbeat = 30000;
const wss = new WebSocketServer({ port: 8080, maxPayload: 65536 });
wss.on('connection', (socket) => setInterval(() => socket.ping(), heartbeat));
