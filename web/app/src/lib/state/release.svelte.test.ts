import { expect, it } from 'vitest';
import { Release, type Registrar } from './release.svelte';

function fakeRegistrar(
  fails = false
): Registrar & { said: unknown[]; registered: string[]; tell: (data: unknown) => void } {
  const said: unknown[] = [];
  const registered: string[] = [];
  const listeners: ((e: { data: unknown }) => void)[] = [];
  return {
    said,
    registered,
    register: (script) => {
      registered.push(script);
      return fails ? Promise.reject(new Error('no')) : Promise.resolve();
    },
    ready: Promise.resolve({ active: { postMessage: (value) => said.push(value) } }),
    addEventListener: (_, handle) => void listeners.push(handle),
    startMessages: () => undefined,
    tell: (data) => {
      for (const handle of listeners) handle({ data });
    }
  };
}

it('registers once and asks', async () => {
  const registrar = fakeRegistrar();
  const release = new Release(registrar, () => './sw.js', 'https:');
  await release.start();
  await release.start();
  expect(registrar.registered).toEqual(['./sw.js']);
  expect(registrar.said).toEqual(['check']);
  registrar.tell({ release: { result: 'same' } });
  expect(release.outcome).toBe('same');
});

it('keeps a refusal on the screen', async () => {
  const registrar = fakeRegistrar(true);
  const release = new Release(registrar, () => './sw.js', 'https:');
  await release.start();
  registrar.tell({ other: 1 });
  expect(release.outcome).toBe('unproven');
  registrar.tell({ release: { result: 'refused', reason: 'changed' } });
  registrar.tell({ release: { result: 'same' } });
  expect(release.outcome).toBe('refused');
});

it('leaves the page of this machine alone', async () => {
  const registrar = fakeRegistrar();
  await new Release(registrar, () => './sw.js', 'http:').start();
  await new Release(undefined, () => './sw.js', 'https:').start();
  expect(registrar.registered).toEqual([]);
});
