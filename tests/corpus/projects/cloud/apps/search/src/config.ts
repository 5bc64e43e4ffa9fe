export const PORT = 4031;
export const INDEX_LIMIT = 10000;
export const cache = { ttl: 3600, max: 5000 };
