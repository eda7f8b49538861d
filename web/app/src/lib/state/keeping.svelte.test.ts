import { expect, it } from 'vitest';
import { Keeping } from './keeping.svelte';

function shelter(
  persisted: boolean,
  grants: boolean
): { asked: number } & ConstructorParameters<typeof Keeping>[0] {
  return {
    asked: 0,
    persisted: () => Promise.resolve(persisted),
    persist() {
      this.asked++;
      return Promise.resolve(grants);
    }
  };
}

it('says nothing before it asked, and then what the browser said', async () => {
  for (const [grants, want] of [
    [true, 'kept'],
    [false, 'refused']
  ] as const) {
    const fake = shelter(false, grants);
    const keeping = new Keeping(fake);
    expect(keeping.promise).toBe('unknown');
    await Promise.all([keeping.ask(), keeping.ask()]);
    expect(keeping.promise).toBe(want);
    expect(fake.asked, 'a person is asked once').toBe(1);
  }
});

it('does not ask for what it has', async () => {
  const fake = shelter(true, false);
  const keeping = new Keeping(fake);
  await keeping.ask();
  expect(keeping.promise).toBe('kept');
  expect(fake.asked).toBe(0);
});

it('takes a browser that cannot promise for one that does not', async () => {
  const without = new Keeping(undefined);
  await without.ask();
  expect(without.promise).toBe('refused');
  const broken = new Keeping({
    persisted: () => Promise.reject(new Error('no')),
    persist: () => Promise.resolve(true)
  });
  await broken.ask();
  expect(broken.promise).toBe('refused');
});
