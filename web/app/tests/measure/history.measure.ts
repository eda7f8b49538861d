// A conversation of 10,000 messages in a kept vault: unlocking, opening, scrolling, searching, memory.
import { loadavg } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { fill } from '../support/longtalk';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { tapCore, timeCall } from '../support/seed';
import { unlocking } from '../support/stopwatch';

const many = 10_000;
const rounds = 9;

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person;

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch('--enable-precise-memory-info')]);
  alice = await Person.arrive(browser, 'alice', 'en-GB', { serviceWorkers: 'block' });
  await tapCore(alice.page);
  await alice.enrol(relay.claim);
  const bob = await Person.arrive(browser, 'bob');
  await bob.enrol(await alice.invite(1), { keep: false });
  await bob.open('alice');
  await bob.write('the first line');
  await bob.reaches('the first line', 'delivered');
  await bob.context.close();
  await alice.createGroup('elsewhere', ['bob']);
  await fill(alice, relay.origin, folder, many);
  await alice.page.goto(relay.origin);
}, 600_000);

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

function row(what: string, values: number[], unit: string): void {
  const sorted = values.toSorted((a, b) => a - b).map((v) => v.toFixed(0));
  process.stdout.write(
    `| ${what} | ${sorted[Math.floor(sorted.length / 2)] ?? ''} ${unit} | ${sorted[0] ?? ''} to ${sorted.at(-1) ?? ''} | ${(loadavg()[0] ?? 0).toFixed(1)} |\n`
  );
}

/** Milliseconds from a click on the row until the newest message stands on the screen. */
function opening(page: Page, name: string, text: string): Promise<number> {
  return page.evaluate(
    async ([wanted, last]) => {
      const button = [...document.querySelectorAll<HTMLElement>('nav li button')].find((b) =>
        [...b.querySelectorAll('*')].some((part) => part.textContent === wanted)
      );
      const start = performance.now();
      button?.click();
      const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
      while (![...document.querySelectorAll('[role=log] article')].at(-1)?.textContent.includes(last))
        await frame();
      await frame(); // it was painted
      return performance.now() - start;
    },
    [name, text] as const
  );
}

test('unlocking with a long history', async () => {
  process.stdout.write('\n| what | median | spread | load |\n|---|---|---|---|\n');
  const open: number[] = [];
  for (let i = 0; i < 5; i++) {
    await alice.page.reload({ waitUntil: 'commit' });
    await alice.page.getByRole('heading', { name: en.unlock.title }).waitFor();
    open.push((await unlocking(alice.page, 'bob')).listed);
  }
  row(`passphrase to conversations, ${String(many)} messages`, open, 'ms');
  await alice.connected();
});

test('opening it', async () => {
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    await alice.list.getByText('elsewhere', { exact: true }).first().click();
    await alice.page.getByRole('heading', { level: 1, name: 'elsewhere' }).waitFor();
    took.push(await opening(alice.page, 'bob', `line ${String(many + 1)} of a`));
  }
  row('click to the newest messages on the screen', took, 'ms');
});

test('scrolling through all of it', async () => {
  const frames = await alice.page.getByRole('log').evaluate(async (list) => {
    const gaps: number[] = [];
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    const first = (): string | null | undefined =>
      list.querySelector('[role=listitem]')?.getAttribute('aria-posinset');
    let last = await frame();
    for (let i = 0; i < 6000 && !(first() === '1' && list.scrollTop < 400); i++) {
      list.scrollTop -= 400;
      const now = await frame();
      gaps.push(now - last);
      last = now;
    }
    return { gaps, reached: first() };
  });
  expect(frames.reached).toBe('1');
  row('a frame while scrolling 400 pixels each', frames.gaps, 'ms');
  const late = frames.gaps.filter((g) => g > 25).length;
  process.stdout.write(
    `| frames later than 25 ms | ${String(late)} of ${String(frames.gaps.length)} | | |\n`
  );
}, 300_000);

test('searching it', async () => {
  const search: number[] = [];
  const beside: number[] = [];
  for (let i = 0; i < 5; i++) {
    const query = { conversation: '', text: 'nowhere to be found', before: 0, limit: 30 };
    const running = timeCall(alice.page, 'search', query);
    beside.push(await timeCall(alice.page, 'overview', null));
    search.push(await running);
  }
  row('searching all for what is not there', search, 'ms');
  row('another call meanwhile', beside, 'ms');
});

/** Bytes of the page and its worker. */
function memory(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const measured = performance as unknown as {
      measureUserAgentSpecificMemory: () => Promise<{ bytes: number }>;
    };
    return (await measured.measureUserAgentSpecificMemory()).bytes;
  });
}

test('memory, and what is left of it after locking again and again', async () => {
  const open: number[] = [];
  for (let i = 0; i < 20; i++) {
    if (i % 5 === 0 || i === 19) open.push((await memory(alice.page)) / 1e6);
    await alice.button(en.action.lock).click();
    await alice.page.getByRole('heading', { name: en.unlock.title }).waitFor();
    await alice.unlock();
    await alice.list.getByText('bob', { exact: true }).first().waitFor();
  }
  process.stdout.write(
    `| memory, unlocked, after 0, 5, 10, 15, 19 lockings | ${open.map((m) => m.toFixed(0)).join(', ')} MB | | |\n`
  );
}, 400_000);
