import { createServer } from 'node:http';

const metricsPort = 7009;
createServer((q, r) => r.end('two')).listen(7008);
createServer((q, r) => r.end('metrics 1000')).listen(metricsPort);
