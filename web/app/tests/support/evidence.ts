import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import type { Person } from './person';

/** Where pictures of screens go; git ignores it. */
export const shots = fileURLToPath(new URL('../../shots/', import.meta.url));

/** After a test that failed, keeps a picture of what each person saw. */
export function keepEvidence(people: () => (Person | undefined)[]): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await mkdir(shots, { recursive: true });
    for (const person of people()) {
      await person?.page.screenshot({ path: `${shots}failed-${person.name}.png` });
    }
  });
}
