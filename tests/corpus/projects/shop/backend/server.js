// The shop's backend.
const express = require('express');
const { createPool } = require('./db');

const MAX_ITEMS = 5000;
const CACHE_SECONDS = 3600;
const app = express();
app.use(express.json({ limit: 102400 }));

app.get('/health', (req, res) => res.json({ ok: true, since: 2024 }));
app.get('/items', async (req, res) => {
  const pool = createPool();
  const found = await pool.query('select * from items limit $1', [MAX_ITEMS]);
  res.set('cache-control', `max-age=${CACHE_SECONDS}`).status(200).json(found.rows);
});

app.listen(3000, () => {
  console.log('backend listening on http://localhost:3000');
});
