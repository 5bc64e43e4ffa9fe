export const AMQP_URL = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672';
export const prefetch = 1000;
