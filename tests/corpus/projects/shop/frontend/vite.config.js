import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  build: { chunkSizeWarningLimit: 1500, assetsInlineLimit: 4096 },
  server: {
    port: 5174,
    strictPort: true,
    proxy: {
      '/api': { target: 'http://localhost:4010', changeOrigin: true, timeout: 30000 },
      '/items': 'http://localhost:4010/items',
    },
  },
});
