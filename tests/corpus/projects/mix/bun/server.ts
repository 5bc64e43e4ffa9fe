const server = Bun.serve({
  port: 3000,
  idleTimeout: 255,
  fetch: () => new Response('bun', { status: 200 }),
});
console.log(`bun on ${server.url}`);
