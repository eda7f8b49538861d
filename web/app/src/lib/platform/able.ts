/** What the app cannot do without, and a browser may lack or be told to refuse. */
export type Missing = '' | 'no-wasm' | 'no-workers' | 'no-storage' | 'not-secure';

/** What is asked about a browser: the page's global object, a plain one in tests. */
export interface World {
  isSecureContext: boolean;
  Worker?: unknown;
  WebAssembly?: unknown;
  indexedDB?: unknown;
}

/** Says what is missing here, '' when nothing is. */
export function missing(world: World = globalThis): Missing {
  if (!world.isSecureContext) return 'not-secure';
  if (typeof world.Worker === 'undefined') return 'no-workers';
  // Some browsers switch it off in their strictest modes.
  if (typeof world.WebAssembly === 'undefined') return 'no-wasm';
  try {
    if (!world.indexedDB) return 'no-storage';
  } catch {
    return 'no-storage'; // asking is refused where cookies are
  }
  return '';
}
