import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Where to listen and whom to ask is said by the environment, and by nothing else.
function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: the page's server has no address of its own in its code`);
  return value;
}

export default defineConfig(({ command }) => ({
  plugins: [react()],
  clearScreen: false,
  server:
    command === 'serve'
      ? {
          port: Number(required('PORT')),
          strictPort: true,
          host: 'localhost',
          proxy: { '/api': { target: required('BACKEND_URL'), changeOrigin: true } },
        }
      : undefined,
}));
