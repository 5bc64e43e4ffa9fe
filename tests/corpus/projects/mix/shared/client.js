// Asks all the others.
const http = require('http');
const targets = ['http://localhost:7001', 'http://127.0.0.1:7002/x', `http://localhost:7003/${1 + 1000}`];
const opaque = 'https://api.example.com:8443/v1';
http.get({ hostname: 'localhost', port: 7001, path: '/', timeout: 5000 });
module.exports = { targets, opaque, ids: [10001, 20002], size: 4096 };
