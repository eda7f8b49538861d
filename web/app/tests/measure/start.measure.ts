// How long a page takes to its lock screen and from there to its conversations. `npm run measure` prints what docs/performance.md keeps.
import { afterAll, beforeAll, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { passphrase, Person } from '../support/person';
import { Relay } from '../support/relay';

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
  const ready: number[] = [];
  const open: number[] = [];
  const online: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await owner.page.reload({ waitUntil: 'commit' });
    await owner.page.getByRole('heading', { name: en.unlock.title }).waitFor();
    ready.push(performance.now() - start);
    await owner.page.getByLabel(en.welcome.passphrase).fill(passphrase);
    const pressed = performance.now();
    await owner.page.getByRole('button', { name: en.unlock.open }).click();
    await owner.list.waitFor();
    open.push(performance.now() - pressed);
    await owner.connected();
    online.push(performance.now() - pressed);
  }
  process.stdout.write(
    `\n| what | median of ${rounds} | spread |\n|---|---|---|\n` +
      row('reload to the lock screen, core ready', ready, 'ms') +
      row('passphrase entered to the conversations', open, 'ms') +
      row('passphrase entered to connected', online, 'ms')
  );
}, 300_000);
