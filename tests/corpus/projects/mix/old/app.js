var express = require('express');
var app = express();
app.set('port', process.env.PORT || '3000');
app.set('etag cache', 5000);

function normalizePort(value) {
  var port = parseInt(value, 10);
  if (isNaN(port)) return value;
  return port >= 0 && port < 65536 ? port : false;
}

require('http').createServer(app).listen(normalizePort(app.get('port')));
