// How fast a large file goes up and down in a browser, and how much memory its renderer takes.
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { Person } from '../support/person';
import { Relay } from '../support/relay';

const size = 200_000_000;

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

/** MB of resident memory of the renderers, page and worker together. */
async function renderers(): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as {
    processInfo: { id: number; type: string }[];
  };
  let pages = 0;
  for (const p of processInfo) {
    if (p.type !== 'renderer') continue;
    pages += Number((await readFile(`/proc/${String(p.id)}/statm`, 'utf8')).split(' ')[1]);
  }
  await session.detach();
  return (pages * 4096) / 1e6;
}

test('a file of 200 MB', async () => {
  const name = path.join(folder, 'large.bin');
  await writeFile(name, randomBytes(size));
  const alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim);
  const link = await alice.invite(1);
  const bob = await Person.arrive(browser, 'bob');
  await bob.enrol(link);
  await bob.open('alice');
  await alice.open('bob');
  const before = await renderers();
  let start = performance.now();
  await alice.page.locator('input[data-attach]').setInputFiles(name);
  await alice.sendTray();
  await bob.message('large.bin').waitFor({ timeout: 500_000 });
  const up = performance.now() - start;
  const sent = await renderers();
  start = performance.now();
  const waiting = bob.page.waitForEvent('download', { timeout: 500_000 });
  await bob.button(`${en.action.download} large.bin`).click();
  const saved = await (await waiting).path();
  const down = performance.now() - start;
  const whole = (await stat(saved)).size === size ? 'whole' : 'not whole';
  process.stdout.write(
    `\n| 200 MB | MB/s | renderers before and after |\n|---|---|---|\n` +
      `| sent, until the other side shows it | ${(size / 1e3 / up).toFixed(1)} | ${before.toFixed(0)} to ${sent.toFixed(0)} MB |\n` +
      `| saved, ${whole} | ${(size / 1e3 / down).toFixed(1)} | ${sent.toFixed(0)} to ${(await renderers()).toFixed(0)} MB |\n`
  );
}, 1_200_000);
