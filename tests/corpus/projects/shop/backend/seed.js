// Fills the tables: 5000 rows, ids from 10000 on.
const rows = Array.from({ length: 5000 }, (_, index) => ({ id: 10000 + index, price: 1999, year: 2023 }));
console.log(`writing ${rows.length} rows, batches of ${1024}`);
