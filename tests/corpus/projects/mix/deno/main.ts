Deno.serve({ port: 8000, hostname: '127.0.0.1' }, () => new Response('deno'));
