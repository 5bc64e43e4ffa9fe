const net = require('net');

let port = '21505';
const server = net.createServer((socket) => {
  socket.on('error', () => {}); // whoever only looks whether somebody listens
  socket.end('net');
});
server.listen(port);
