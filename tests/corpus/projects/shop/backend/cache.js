const { createClient } = require('redis');

module.exports = createClient({ url: process.env.REDIS_URL || 'redis://localhost:6379', socket: { connectTimeout: 5000 } });
