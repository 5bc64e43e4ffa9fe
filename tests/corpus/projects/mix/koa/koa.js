import Koa from 'koa';
import config from './config.json' with { type: 'json' };
const app = new Koa({ proxy: true, maxIpsCount: 1000 });
app.use((context) => { context.body = { wait: config.wait, id: 12345 }; });
export default app.listen(7001);
