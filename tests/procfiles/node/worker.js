// A worker that works until TERM, or with --once ends as soon as everybody else is there.
const fs = require("node:fs");

function hear(count) {
  const meeting = fs.openSync(process.env.MEETING, "r+");
  for (let there = 0; there < count; ) {
    const bytes = Buffer.alloc(64);
    const length = fs.readSync(meeting, bytes, 0, bytes.length, null);
    there += bytes.toString("utf8", 0, length).split("\n").length - 1;
  }
}

console.log(`worker ${process.argv.slice(2).join(" ")}, NODE_ENV=${process.env.NODE_ENV}`);
console.log(`PORT=${process.env.PORT}`);

if (process.argv.includes("--once")) {
  hear(Number(process.env.AUDIENCE));
  process.kill(process.pid, "SIGTERM");
} else {
  process.on("SIGTERM", () => {
    console.log("finishing the job");
    process.exit(0);
  });
  setInterval(() => {}, 60000);
  fs.writeFileSync(process.env.MEETING, "here\n");
}
