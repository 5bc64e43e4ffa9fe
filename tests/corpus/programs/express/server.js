const express = require('express');

const app = express();
app.get('/', (request, response) => response.send('express'));
app.listen(21500, '127.0.0.1');
