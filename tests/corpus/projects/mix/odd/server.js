const net = require('net');
let port = 7110;
if (process.argv[2]) port = Number(process.argv[2]);
const options = { backlog: 1024, port };
net.createServer().listen(options);

const table = { 8080: 'a key', port: { min: 3000, max: 4000 }, airport: 4711 };
const importPath = 8081, exportLimit = 3000, viewport = { width: 1920, height: 1080 };
module.exports = { table, importPath, exportLimit, viewport, timeoutPort: null, portTimeout: 4000, portCount: 5000 };
