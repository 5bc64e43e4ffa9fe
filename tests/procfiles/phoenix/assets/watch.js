// A watch that works until TERM, and says nothing then.
const fs = require("node:fs");

console.log(`watching in ${fs.realpathSync(".")}, MIX_ENV=${process.env.MIX_ENV}`);
fs.writeFileSync(process.env.MEETING, "here\n");
setInterval(() => {}, 60000);
