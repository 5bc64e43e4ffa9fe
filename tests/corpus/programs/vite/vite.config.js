import { defineConfig } from 'vite';

export default defineConfig({
  clearScreen: false,
  server: { host: '127.0.0.1', port: 21507, strictPort: true, proxy: { '/express': 'http://localhost:21500' } },
});
