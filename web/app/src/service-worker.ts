// The service worker: between the page and the relay it stands for the release key. It answers every request of the
// page from the files that it verified, whether the relay is there or not, and takes no others. What it decides is in
// lib/release; here it is only joined to the browser's events.
//
//   install   fetch and verify everything, or do not install
//   fetch     answer with a verified file, never with the relay's
//   message   'check': look for a newer release; the answer goes to every page
import { Keeper, type Outcome } from '$lib/release/keeper';
import type { Bytes } from '$lib/release/manifest';
import { Shelf } from '$lib/release/shelf';

interface Waiting extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Asking extends Waiting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface Self {
  readonly registration: { readonly scope: string };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(which: {
      includeUncontrolled: boolean;
    }): Promise<readonly { postMessage(value: unknown): void }[]>;
  };
  addEventListener(type: 'install' | 'activate', handle: (e: Waiting) => void): void;
  addEventListener(type: 'message', handle: (e: Waiting & { readonly data: unknown }) => void): void;
  addEventListener(type: 'fetch', handle: (e: Asking) => void): void;
}

const patience = 60_000;

const worker = globalThis as unknown as Self;
const scope = worker.registration.scope;
const keeper = new Keeper(new Shelf(caches, scope, crypto.subtle), get, crypto.subtle);

async function get(path: string, cache: RequestCache): Promise<Bytes | undefined> {
  const signal = AbortSignal.timeout(patience);
  const answer = await fetch(new URL(path, scope), { cache, redirect: 'error', signal });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`the relay answers ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Two workers of two releases may look at the same time; they take turns. */
async function check(whole: boolean): Promise<Outcome> {
  const outcome = await navigator.locks.request('bulle-release', () => keeper.check(whole));
  for (const page of await worker.clients.matchAll({ includeUncontrolled: true }))
    page.postMessage({ release: outcome });
  return outcome;
}

async function install(): Promise<void> {
  const outcome = await check(true);
  if (outcome.result !== 'same' && outcome.result !== 'new') throw new Error(outcome.result);
}

worker.addEventListener('install', (e) => {
  e.waitUntil(install());
});

worker.addEventListener('activate', (e) => {
  e.waitUntil(worker.clients.claim());
});

worker.addEventListener('message', (e) => {
  if (e.data === 'check') e.waitUntil(check(false));
});

worker.addEventListener('fetch', (e) => {
  const { method, url } = e.request;
  if (method !== 'GET' || !url.startsWith(scope)) return;
  const address = new URL(url);
  e.respondWith(keeper.answer(address.pathname.slice(new URL(scope).pathname.length)));
});
