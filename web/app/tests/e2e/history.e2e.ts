// A long conversation: only what is near the eye is in the document, and what one reads stays in its place.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { tapCore, writeMany } from '../support/seed';

const many = 300;

let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person;
let bob: Person;

keepEvidence(() => [alice, bob]);

beforeAll(async () => {
  let folder: string;
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
  alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim, { keep: false });
  bob = await Person.arrive(browser, 'bob');
  await tapCore(bob.page);
  await bob.enrol(await alice.invite(1), { keep: false });
  await bob.open('alice');
  await writeMany(bob.page, many);
  await alice.page.getByText(en.list.unread(many)).waitFor({ timeout: 180_000 });
}, 240_000);

afterAll(async () => {
  expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  await browser.close();
  await relay.stop();
  await remove();
});

const log = () => alice.page.getByRole('log');
const rows = () => log().getByRole('listitem');
const line = (n: number) => log().getByText(`line ${String(n)} of a`);

/** The text at the top of what is in sight, and how far below the edge it begins. */
function topLine(): Promise<{ text: string; y: number }> {
  return log().evaluate((list) => {
    const edge = list.getBoundingClientRect().top;
    for (const row of list.querySelectorAll('[role=listitem]')) {
      const box = row.getBoundingClientRect();
      if (box.bottom > edge + 1)
        return { text: row.querySelector('article p')?.textContent ?? '', y: box.top - edge };
    }
    throw new Error('there is nothing in sight');
  });
}

test('it opens at its end, and the first unread message is a step away', async () => {
  await alice.open('bob');
  await line(many).waitFor();
  expect(await rows().count()).toBeLessThan(80);
  await alice.button(en.chat.above(many)).click();
  await line(1).waitFor();
  await log().getByText(en.chat.unread, { exact: true }).waitFor();
  expect(
    await alice.page.evaluate(() => document.activeElement?.getAttribute('aria-posinset'))
  ).not.toBeNull();
});

test('the keys lead to both ends', async () => {
  await log().press('End');
  await line(many).waitFor();
  await log().press('Home');
  await line(1).waitFor();
  await alice.button(en.chat.latest).click();
  await line(many).waitFor();
});

test('scrolling through all of it shows every line once, in order', async () => {
  await log().press('Home');
  await line(1).waitFor();
  const seen = await log().evaluate(async (list, last) => {
    const texts: number[] = [];
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let i = 0; i < 3000 && texts.at(-1) !== last; i++) {
      const box = list.getBoundingClientRect();
      for (const row of list.querySelectorAll('[role=listitem]')) {
        const at = row.getBoundingClientRect();
        if (at.bottom < box.top || at.top > box.bottom) continue;
        const n = Number(/line (\d+) /u.exec(row.textContent)?.[1]);
        if (n > (texts.at(-1) ?? 0)) texts.push(n);
      }
      list.scrollTop += 300;
      await frame();
      await frame();
    }
    return texts;
  }, many);
  expect(seen).toEqual(Array.from({ length: many }, (_, i) => i + 1));
});

test('a message that a search finds is gone to, wherever it is', async () => {
  await alice.page.getByLabel(en.list.search).fill('line 7 of a');
  await alice.list.getByRole('button', { name: 'line 7 of a' }).click();
  await line(7).waitFor();
  const [row, list] = [await line(7).boundingBox(), await log().boundingBox()];
  expect(row && list && row.y > list.y && row.y < list.y + list.height).toBe(true);
  await alice.page.getByLabel(en.list.search).fill('');
});

test('what one reads stays in its place when a message comes, and earlier ones load', async () => {
  await log().press('End');
  await line(many).waitFor();
  await log().evaluate((list) => {
    list.scrollTop -= 2000;
  });
  await alice.button(en.chat.latest).waitFor();
  const before = await topLine();
  await bob.write('one more');
  await alice.button(en.chat.news(1)).waitFor();
  const after = await topLine();
  expect(after.text).toBe(before.text);
  expect(Math.abs(after.y - before.y)).toBeLessThan(2);
  await alice.button(en.chat.news(1)).click();
  await alice.sees('one more');
});

test('who is at the end stays there', async () => {
  await bob.write('and another');
  await alice.sees('and another');
  expect(await log().evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop)).toBeLessThan(
    2
  );
  await alice.write('an answer');
  await alice.sees('an answer');
});
