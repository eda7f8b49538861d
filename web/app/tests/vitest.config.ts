import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import '../build/groupby';

// The end-to-end tests: a real relay, real browsers, a real terminal client. One
// file at a time: a browser and three devices are as much as two cores carry.
export default defineConfig(({ mode }) => ({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { alias: { $lib: fileURLToPath(new URL('../src/lib', import.meta.url)) } },
  test: {
    include: [mode === 'measure' ? 'tests/measure/*.measure.ts' : 'tests/e2e/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 90_000,
    bail: 1
  }
}));
