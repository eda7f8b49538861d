// Changing the passphrase: nothing is lost, the old one opens nothing, nor does a copy of the key that was made before.
import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { passphrase, Person } from '../support/person';
import { Relay } from '../support/relay';

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person;
let next: string;
const texts = Array.from({ length: 20 }, (_, i) => `line ${String(i + 1)} of the log`);
const file = randomBytes(300_001);

keepEvidence(() => [alice]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
  alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim);
  const bob = await Person.arrive(browser, 'bob');
  await bob.enrol(await alice.invite(1), { keep: false });
  await alice.open('bob');
  for (const text of texts) await alice.write(text);
  await alice.attach({ name: 'log.bin', mimeType: 'application/octet-stream', buffer: file });
  await bob.open('alice');
  await bob.sees('log.bin');
  await bob.context.close();
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

/** Reads the slots with the wrapped key out of the closed vault, or puts others in their place. */
function slots(page: Page, put?: number[][]): Promise<number[][]> {
  return page.evaluate(async (given) => {
    const answer = <T>(r: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        r.onsuccess = () => {
          resolve(r.result);
        };
        r.onerror = () => {
          reject(r.error ?? new Error('no answer'));
        };
      });
    const [{ name = '' } = {}] = await indexedDB.databases();
    const database = await answer(indexedDB.open(name));
    const store = database.transaction('slots', 'readwrite').objectStore('slots');
    if (given) for (const [i, slot] of given.entries()) await answer(store.put(new Uint8Array(slot), i));
    const kept = [0, 1].map((i) => answer(store.get(i) as IDBRequest<Uint8Array>));
    const found = (await Promise.all(kept)).map((slot) => [...slot]);
    database.close();
    return found;
  }, put);
}

/** All lines are in the conversation, once. */
async function everything(): Promise<void> {
  await alice.connected();
  await alice.open('bob');
  for (const text of texts) await alice.sees(text);
  expect((await alice.download('log.bin')).equals(file)).toBe(true);
}

test('a wrong present passphrase and a weak new one change nothing', async () => {
  await alice.button(en.settings.title).click();
  const form = alice.dialog;
  await form.getByLabel(en.settings.old).fill('not the one that was chosen');
  await form.getByLabel(en.settings.new, { exact: true }).fill('short');
  await form.getByLabel(en.settings.repeat).fill('short');
  expect(await form.getByRole('button', { name: en.action.save }).isDisabled()).toBe(true);
  await form.getByRole('button', { name: en.welcome.generate }).click();
  await form.getByRole('button', { name: en.action.save }).click();
  await form.getByText(en.error.passphrase).waitFor();
});

test('a new one opens all that there was, and the old one nothing', async () => {
  const form = alice.dialog;
  next = await form.getByLabel(en.settings.new, { exact: true }).inputValue();
  expect(next.split(/[ -]/).length).toBeGreaterThanOrEqual(24); // more than 256 bits
  await form.getByLabel(en.settings.old).fill(passphrase);
  await form.getByLabel(en.settings.rotate).check();
  await form.getByRole('button', { name: en.action.save }).click();
  await form.getByText(en.settings.changed).waitFor();
  await alice.closeDialog();
  await alice.lock();
  await alice.unlock(passphrase);
  await alice.page.getByText(en.error.passphrase).waitFor();
  await alice.unlock(next);
  await everything();
});

test('nor does it open a copy of the key from before it', async () => {
  await alice.lock();
  const before = await slots(alice.page);
  await alice.unlock(next);
  await alice.connected();
  await alice.button(en.settings.title).click();
  const form = alice.dialog;
  await form.getByLabel(en.settings.old).fill(next);
  await form.getByRole('button', { name: en.welcome.generate }).click();
  const last = await form.getByLabel(en.settings.new, { exact: true }).inputValue();
  await form.getByLabel(en.settings.rotate).check();
  await form.getByRole('button', { name: en.action.save }).click();
  await form.getByText(en.settings.changed).waitFor();
  await alice.closeDialog();
  await alice.lock();
  const after = await slots(alice.page);
  await slots(alice.page, before);
  await alice.unlock(next);
  await alice.page.getByText(en.error.damaged).waitFor();
  await slots(alice.page, after);
  await alice.unlock(last);
  await everything();
});

test('nobody complained', () => {
  expect(alice.troubles).toEqual([]);
});
