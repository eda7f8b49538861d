// How long a page takes to its lock screen and from there to its conversations. `npm run measure` prints what docs/performance.md keeps.
import { afterAll, beforeAll, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { unlocking } from '../support/stopwatch';

const rounds = 7;

let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  let folder: string;
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

function row(what: string, values: number[], unit: string): string {
  const sorted = values.toSorted((a, b) => a - b).map((v) => v.toFixed(0));
  return `| ${what} | ${sorted[Math.floor(rounds / 2)] ?? ''} ${unit} | ${sorted[0] ?? ''} to ${sorted.at(-1) ?? ''} |\n`;
}

test('from a reload to the conversations', async () => {
  const owner = await Person.arrive(browser, 'owner');
  await owner.enrol(relay.claim);
  const guest = await Person.arrive(browser, 'guest');
  await guest.enrol(await owner.invite(1), { keep: false });
  await guest.context.close();
  const ready: number[] = [];
  const open: number[] = [];
  const online: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await owner.page.reload({ waitUntil: 'commit' });
    await owner.page.getByRole('heading', { name: en.unlock.title }).waitFor();
    ready.push(performance.now() - start);
    const took = await unlocking(owner.page, 'guest');
    open.push(took.listed);
    online.push(took.online);
  }
  process.stdout.write(
    `\n| what | median of ${rounds} | spread |\n|---|---|---|\n` +
      row('reload to the lock screen, core ready', ready, 'ms') +
      row('passphrase entered to the conversations', open, 'ms') +
      row('passphrase entered to connected', online, 'ms')
  );
}, 300_000);
