export const open = () => new WebSocket('ws://localhost:4002/events');
