// One line for each request, when its answer has gone out or its client has gone away.
export function logRequests(request, response, next) {
  const began = performance.now();
  response.once('close', () => {
    const took = (performance.now() - began).toFixed(1);
    console.log(`${request.method} ${request.originalUrl} ${response.statusCode} ${took} ms`);
  });
  next();
}
