// A server that listens on PORT until TERM.
const fs = require("node:fs");
const http = require("node:http");

const server = http.createServer((request, response) => response.end("ok"));

let closing = false;

process.on("SIGTERM", () => {
  if (closing) return;
  closing = true;
  console.log("closing");
  server.close(() => console.log("closed"));
});

server.listen(Number(process.env.PORT), "127.0.0.1", () => {
  console.log(`${process.env.NAME} listens on ${server.address().port}, NODE_ENV=${process.env.NODE_ENV}`);
  console.log(`in ${fs.realpathSync(".")}`);
  console.log(`PORT=${process.env.PORT}`);
  fs.writeFileSync(process.env.MEETING, "here\n");
});
