// Has an unmodified Node server listen on the sockets that aura-stack holds for it; loaded by NODE_OPTIONS.
//
// AURA_HELD is {"ports": {"4010": {"inode": 123, "fds": [3, 4, 5]}}, "lost": "/path"}. A socket has several
// descriptors, since a server closes the one it listens on and may listen again. They count only where the socket
// behind them is the one that is meant: a number that a wrapper did not pass on is something else here. What is lost
// is told by making the file `lost`, and the server then tries its own luck.
'use strict';

const held = process.env.AURA_HELD;
if (held && require('node:worker_threads').isMainThread) install(JSON.parse(held));

function install({ ports, lost }) {
  const fs = require('node:fs');
  const net = require('node:net');
  const http = require('node:http');
  const tls = require('node:tls');
  const listen = net.Server.prototype.listen;
  const inWorker = require('node:cluster').isWorker; // there the first process listens, and has the descriptors

  // How long a server that does not speak HTTP has to stay open before it is taken for more than a look whether the
  // port is free (Vite looks so).
  const LOOK = 250; // ms

  function isHeld(fd, inode) {
    try {
      const found = fs.fstatSync(fd);
      return found.isSocket() && found.ino === inode;
    } catch {
      return false; // no descriptor of ours has that number
    }
  }

  function isThere({ fds, inode }) {
    return inWorker || fds.some((fd) => isHeld(fd, inode));
  }

  function take({ fds, inode }) {
    if (inWorker) return fds[0];
    while (fds.length > 0) {
      const fd = fds.shift();
      if (isHeld(fd, inode)) return fd;
    }
    return undefined;
  }

  function tellLost() {
    try {
      fs.writeFileSync(lost, '');
    } catch {
      // the stack is going down: nobody asks any more
    }
  }

  function speaksHttp(server) {
    return server instanceof http.Server || server instanceof tls.Server || server.constructor.name === 'Http2Server';
  }

  // The port of listen(port, ...) and listen({port}, ...); undefined where it is no number.
  function portOf([first]) {
    const port = typeof first === 'object' && first !== null ? first.port : first;
    return typeof port === 'number' || (typeof port === 'string' && /^\d+$/.test(port)) ? Number(port) : undefined;
  }

  // A plain server listens on some other port for a moment; if it stays, what comes on the held socket is its own.
  function listenLater(server, entry, port, rest) {
    const { address, close } = server;
    server.address = function () {
      const found = address.call(server);
      return found && { ...found, port };
    };
    server.once('listening', () => {
      setTimeout(() => {
        const fd = server.listening ? take(entry) : undefined;
        if (fd === undefined) return;
        const { allowHalfOpen, pauseOnConnect } = server;
        const front = net.createServer({ allowHalfOpen, pauseOnConnect }, (socket) => server.emit('connection', socket));
        listen.call(front, { fd });
        server.close = function (...args) {
          front.close();
          return close.apply(server, args);
        };
      }, LOOK).unref();
    });
    return listen.call(server, { port: 0, host: '127.0.0.1' }, ...rest);
  }

  net.Server.prototype.listen = function (...args) {
    const port = portOf(args);
    const entry = port === undefined ? undefined : ports[port];
    if (entry === undefined) return listen.apply(this, args);
    if (!isThere(entry)) {
      tellLost();
      return listen.apply(this, args);
    }
    const rest = args.filter((each) => typeof each === 'function').slice(-1);
    if (!speaksHttp(this)) return listenLater(this, entry, port, rest);
    const signal = typeof args[0] === 'object' ? args[0].signal : undefined;
    return listen.call(this, { fd: take(entry), signal }, ...rest);
  };
}
