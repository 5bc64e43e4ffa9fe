const app = require('express')();
const PORT = 7400;
app.listen(PORT);
