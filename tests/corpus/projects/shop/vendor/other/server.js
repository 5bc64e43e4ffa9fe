require('http').createServer().listen(8899);
