import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'vite';

/** Bytes of brotli that the core, and everything else together, may have. */
export interface Budgets {
  core: number;
  page: number;
}

/**
 * Puts a brotli copy beside every file that was built, so that no relay compresses at run time, and fails the
 * build when the sizes exceed their budgets: they are what a person waits for on a slow network.
 */
export function compress(budgets: Budgets): Plugin {
  let dist = '';
  return {
    name: 'bulle:compress',
    apply: 'build',
    configResolved(config) {
      dist = join(config.root, config.build.outDir);
    },
    closeBundle() {
      const sizes: Budgets = { core: 0, page: 0 };
      for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || extname(entry.name) === '.br') continue;
        const packed = pack(join(entry.parentPath, entry.name));
        sizes[extname(entry.name) === '.wasm' ? 'core' : 'page'] += packed;
      }
      for (const part of ['core', 'page'] as const) {
        const line = `${part}: ${sizes[part]} bytes of brotli, ${budgets[part]} allowed`;
        if (sizes[part] > budgets[part]) this.error(line);
        this.info(line);
      }
    }
  };
}

/** Compresses one file and returns the size of the copy. */
function pack(name: string): number {
  const content = readFileSync(name);
  const packed = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length
    }
  });
  writeFileSync(`${name}.br`, packed);
  return packed.length;
}
