const express = require('express');
const app = express();
const API_PORT = process.env.API_PORT || 7011;
app.get('/', (q, r) => r.redirect(`http://localhost:${API_PORT}/docs?since=2024`));
app.listen(API_PORT, '0.0.0.0', 511, () => console.log(`own on ${API_PORT}`));
