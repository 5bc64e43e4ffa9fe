import Koa from 'koa';

const PORT = 21502;
const app = new Koa();
app.use((context) => {
  context.body = 'koa';
});
app.listen(PORT, '127.0.0.1');
