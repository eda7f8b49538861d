// A masked screen gives nothing away, neither to eyes nor to scripts, but for a
// moment after a gesture. The tests of this file go on from one another.
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { keepEvidence, shots } from '../support/evidence';
import {
  attack,
  changeNetwork,
  goneAfter,
  inFront,
  leaks,
  listenIn,
  pretend,
  setMask,
  setWindow
} from '../support/masked';
import { canRead, readScreen } from '../support/ocr';
import { Person } from '../support/person';
import { Relay } from '../support/relay';

const words = ['Bartholomew', 'Mathilda', 'lighthouse', 'compass', 'treasure'];
const secret = 'meet at the lighthouse';
const atMost = 200; // milliseconds

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person;
let bob: Person;

keepEvidence(() => [alice, bob]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
  alice = await Person.arrive(browser, 'Mathilda');
  await listenIn(alice.page);
  await alice.enrol(relay.claim);
  bob = await Person.arrive(browser, 'Bartholomew');
  await bob.enrol(await alice.invite(1));
  await bob.open('Mathilda');
  for (let i = 0; i < 30; i++) await bob.write(`compass bearing ${String(i)}`);
  await bob.attach({ name: 'treasure-map.txt', mimeType: 'text/plain', buffer: Buffer.from('X') });
  await bob.write(secret);
  await alice.open('Bartholomew');
  await alice.sees(secret);
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

const masked = () => alice.page.getByRole('log').getByRole('button', { name: en.mask.message });
const padlock = () => alice.page.getByRole('main').getByRole('button', { name: en.mask.open });

/** Opens the conversation by its padlock, and waits until its newest text stands there. */
async function reveal(): Promise<void> {
  await padlock().click();
  await alice.page.getByRole('log').getByText(secret).last().waitFor();
}

/** Finds the conversation again, whose name nobody can read. */
async function openMasked(): Promise<void> {
  await alice.connected();
  await alice.list.getByRole('button', { name: en.mask.conversation }).first().click();
  await masked().last().waitFor();
}

const nothingShown = (): Promise<void> => nothingShownWithin(2000);

async function nothingShownWithin(timeout: number): Promise<void> {
  await expect.poll(() => leaks(alice.page, words), { timeout, interval: 20 }).toEqual([]);
}

test('masking takes every name, text and file name off the screen', async () => {
  expect(await leaks(alice.page, words)).not.toEqual([]);
  await setMask(alice.page, true, 45);
  await nothingShown();
  await masked().last().waitFor();
  expect(await alice.page.getByRole('heading', { level: 1 }).textContent()).toContain(en.mask.conversation);
});

test('what arrives while masked is masked too', async () => {
  await bob.write('the lighthouse is dark');
  await expect.poll(() => alice.page.getByText(en.list.unread(1)).count(), { timeout: 10_000 }).toBe(1);
  await nothingShown();
  await bob.write(secret);
});

test.skipIf(!canRead)(
  'a picture of the masked screen has none of the words, and one of an open one has',
  async () => {
    const file = path.join(folder, 'screen.png');
    const hidden = await readScreen(alice.page, path.join(shots, 'masked.png'));
    for (const word of words) expect(hidden).not.toContain(word);
    await reveal();
    const shown = await readScreen(alice.page, file);
    for (const word of ['Bartholomew', 'lighthouse', 'compass', 'treasure']) expect(shown).toContain(word);
    await alice.page.keyboard.press('Escape');
    await nothingShown();
  }
);

test('a tap opens one message, a hold as long as it lasts, a key too, and nothing beside it', async () => {
  const last = alice.page.getByRole('log').getByText(secret).last();
  const others = ['Bartholomew', 'compass', 'treasure'];
  await masked().last().click();
  await last.waitFor();
  expect(await leaks(alice.page, others.slice(1))).toEqual([]);
  await alice.button(en.mask.close).click();
  await nothingShown();
  await masked().last().hover();
  await alice.page.mouse.down();
  await last.waitFor();
  await expect.poll(() => alice.page.getByRole('timer').textContent(), { timeout: 5000 }).toMatch(/^5\d$/u); // longer than a tap
  await alice.page.mouse.up();
  await nothingShown();
  for (const key of ['Enter', ' ']) {
    await masked().last().press(key);
    await last.waitFor();
    await alice.page.keyboard.press('Escape');
    await nothingShown();
  }
});

test('a script opens nothing: no click that it makes, no call, no answer used twice', async () => {
  await masked().last().click();
  await alice.page.getByRole('log').getByText(secret).last().waitFor();
  await alice.page.keyboard.press('Escape');
  await nothingShown();
  expect(await attack(alice.page)).toEqual({
    replayed: 'masked',
    guessed: 'masked',
    unsealed: 'masked',
    searched: 'masked',
    unmasked: 'masked',
    rearmed: 'masked'
  });
  await alice.page.evaluate((label) => {
    for (const b of document.querySelectorAll<HTMLElement>(`main [aria-label="${label}"]`)) b.click();
  }, en.mask.open);
  await alice.page.getByText(en.error.masked).waitFor();
  await alice.page.evaluate((label) => {
    const b = [...document.querySelectorAll(`main [aria-label="${label}"]`)].at(-1);
    b?.dispatchEvent(new PointerEvent('pointerdown', { button: 0, bubbles: true }));
    b?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    b?.dispatchEvent(new MouseEvent('click', { detail: 0, bubbles: true }));
  }, en.mask.message);
  await nothingShown();
});

/** A way in which a look at an open text ends, and what Chromium tells the page of it. */
interface Ending {
  name: string;
  event: string;
  before?: () => Promise<unknown>;
  act: () => Promise<unknown>;
  after?: () => Promise<unknown>;
}

/** What a person does with the keyboard, the network and the printer. */
function around(): Ending[] {
  const offline = (is: boolean) => (): Promise<void> => alice.context.setOffline(is);
  let restore: () => Promise<void>;
  return [
    { name: 'Escape', event: 'keydown', act: () => alice.page.keyboard.press('Escape') },
    { name: 'the network gone', event: 'offline', act: offline(true), after: offline(false) },
    { name: 'the network back', event: 'online', before: offline(true), act: offline(false) },
    {
      name: 'another network',
      event: 'change',
      act: async () => (restore = await changeNetwork(alice.page)),
      after: () => restore()
    },
    { name: 'printing', event: 'beforeprint', act: () => alice.page.pdf() }
  ];
}

/** What a person does with windows. One ending is made by hand, because nothing real comes to an open text. */
function away(other: () => Page): Ending[] {
  const back = (): Promise<void> => inFront(alice.page);
  return [
    {
      name: 'the focus gone from a visible window',
      event: 'blur',
      before: () => pretend(alice.page, 'visible'),
      act: () => other().bringToFront(),
      after: back
    },
    {
      name: 'another tab',
      event: 'visibilitychange',
      before: () => pretend(alice.page, 'nothing').then(back),
      act: () => other().bringToFront(),
      after: back
    },
    {
      name: 'a minimised window',
      event: 'visibilitychange',
      act: () => setWindow(alice.page, 'minimized'),
      after: () => setWindow(alice.page, 'normal').then(back)
    },
    {
      name: 'freezing', // of hidden pages only, and what is hidden is masked by then
      event: 'freeze',
      act: () => alice.page.evaluate(() => document.dispatchEvent(new Event('freeze')))
    }
  ];
}

describe('after a reveal, the text is gone', () => {
  let other: Page;

  beforeAll(async () => {
    other = await alice.context.newPage();
    await inFront(alice.page);
  });

  afterAll(async () => {
    await pretend(alice.page, 'all');
    await other.close();
  });

  for (const { name, event, before, act, after } of [...around(), ...away(() => other)]) {
    test(name, async () => {
      await before?.();
      await reveal();
      const took = await goneAfter(alice.page, [secret, 'Bartholomew'], event, act);
      expect(took).toBeLessThanOrEqual(atMost);
      await nothingShown();
      await after?.();
      await nothingShown();
    });
  }
});

test('scrolling it out of sight masks it', async () => {
  await masked().last().click();
  await alice.page.getByRole('log').getByText(secret).last().waitFor();
  const took = await goneAfter(alice.page, [secret], 'scroll', async () => {
    await alice.page.mouse.wheel(0, -3000);
  });
  expect(took).toBeLessThanOrEqual(atMost);
  await nothingShown();
  await alice.page.mouse.wheel(0, 9000);
  await masked().last().waitFor();
  await nothingShown();
});

test('its time masks it', async () => {
  await setMask(alice.page, true, 3);
  await reveal();
  const start = performance.now();
  await nothingShownWithin(3000 + 2000);
  expect(performance.now() - start).toBeLessThanOrEqual(3000 + atMost + 100); // and how long looking takes
  await setMask(alice.page, true, 45);
});

test('leaving the page masks it, and the mask is on when it comes back', async () => {
  await reveal();
  await alice.page.evaluate((text) => {
    window.addEventListener('pagehide', () => {
      sessionStorage.setItem('left', document.documentElement.outerHTML.includes(text) ? 'open' : 'masked');
    });
  }, secret);
  await alice.page.goto('about:blank');
  await alice.page.goto(relay.origin);
  expect(await alice.page.evaluate(() => sessionStorage.getItem('left'))).toBe('masked');
  await alice.unlock();
  await openMasked();
  await nothingShown();
});

test('locking masks it', async () => {
  await reveal();
  const took = await goneAfter(alice.page, [secret, 'Bartholomew'], 'click', () =>
    alice.button(en.action.lock).click()
  );
  expect(took).toBeLessThanOrEqual(atMost);
  await alice.page.getByRole('heading', { name: en.unlock.title }).waitFor();
  await nothingShown();
  await alice.unlock();
  await openMasked();
  await nothingShown();
});

test('the mask comes off only by hand', async () => {
  await setMask(alice.page, false, 10);
  await alice.page.getByRole('log').getByText(secret).last().waitFor();
});
