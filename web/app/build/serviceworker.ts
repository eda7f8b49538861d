import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

/**
 * Builds the service worker as one classic script under a name that never changes: Firefox takes no modules there,
 * and browsers know a service worker by its address.
 */
export function serviceWorker(entry: string): Plugin {
  return {
    name: 'bulle:service-worker',
    apply: 'build',
    async generateBundle() {
      const made = await build({
        configFile: false,
        logLevel: 'warn',
        root: fileURLToPath(new URL('..', import.meta.url)),
        publicDir: false,
        resolve: { alias: { $lib: fileURLToPath(new URL('../src/lib', import.meta.url)) } },
        build: {
          write: false,
          target: 'es2023',
          lib: { entry, formats: ['iife'], name: 'bulle', fileName: () => 'service-worker.js' }
        }
      });
      const result = Array.isArray(made) ? made[0] : made;
      if (!result || !('output' in result) || result.output.length !== 1)
        this.error('the service worker is not one file');
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source: result.output[0].code });
    }
  };
}
