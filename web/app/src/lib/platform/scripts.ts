import coreWorker from '$lib/core/worker.ts?worker&url';

const serviceWorker = './service-worker.js';

interface Policy {
  createScriptURL(url: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy;
}

/** The page's own policy (web/web.go) lets scripts of workers come from these two addresses only. */
const policy = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes?.createPolicy('bulle', {
  createScriptURL: (url) => {
    if (url !== coreWorker && url !== serviceWorker) throw new TypeError('not a script of the app');
    return url;
  }
});

function trusted(url: string): string {
  return policy?.createScriptURL(url) ?? url;
}

/** The address of the core's worker. */
export function coreScript(): string {
  return trusted(coreWorker);
}

/** The address of the service worker. */
export function releaseScript(): string {
  return trusted(serviceWorker);
}
