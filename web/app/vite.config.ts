import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { compress } from './build/compress';
import { serviceWorker } from './build/serviceworker';
import './build/groupby';

// Everything is emitted as files of its own with a hash in its name: the page's
// policy allows nothing inline and the server may cache it for ever.
export default defineConfig({
  plugins: [svelte(), serviceWorker('src/service-worker.ts'), compress({ core: 2_000_000, page: 300_000 })],
  base: './',
  resolve: { alias: { $lib: fileURLToPath(new URL('src/lib', import.meta.url)) } },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    sourcemap: false
  },
  worker: { format: 'es' },
  test: { include: ['src/**/*.test.ts', 'tests/unit/*.test.ts'] }
});
