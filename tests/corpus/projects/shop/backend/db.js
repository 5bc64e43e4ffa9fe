const { Pool } = require('pg');

exports.createPool = () =>
  new Pool({
    host: process.env.PGHOST || 'localhost',
    port: 5432,
    user: 'shop',
    database: 'shop',
    max: 20,
    idleTimeoutMillis: 30000,
    connectionTimeoutMillis: 2000,
  });
