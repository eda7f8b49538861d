// What a session leaves behind: in the browser's profile on disk, and on the network.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { executablePath, flags, launch, scratch } from '../support/browser';
import { canDriveFirefox, launchFirefoxProfile } from '../support/firefox';
import { Loopback } from '../support/loopback';
import { passphrase, Person } from '../support/person';
import { search } from '../support/profile';
import { Relay } from '../support/relay';

const texts = ['heliotrope wardrobe', 'quicksilver umbrella', 'parsimonious lighthouse'];
const file = { name: 'marmalade-observatory.txt', said: 'saffron typewriter of the harbour master' };
const names = ['Zephyrinette', 'Ottokarsson'];
const secrets = [...texts, ...names, file.name, file.said, passphrase];

const planted = 'the search finds what is there';
const options = {
  ignoreHTTPSErrors: true,
  locale: 'en-GB',
  viewport: { width: 1100, height: 760 }
};

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  [folder, remove] = await scratch();
});

afterAll(() => remove());

interface NetLog {
  events: { params?: { url?: string; initiator?: string; address_list?: string[] } }[];
}

/** A browser with a profile on disk, and beside it a log of all that it does on the network. */
async function withProfile(profile: string): Promise<BrowserContext> {
  const args = [...flags, `--log-net-log=${profile}.json`];
  return chromium.launchPersistentContext(profile, { executablePath, args, ...options });
}

/** By that log of a browser that is closed: what pages of an origin asked for, and whom the browser connected to. */
async function network(profile: string, origin: string): Promise<{ asked: string[]; reached: string[] }> {
  const log = JSON.parse(await readFile(`${profile}.json`, 'utf8')) as NetLog;
  const all = log.events.flatMap(({ params }) => params ?? []);
  return {
    asked: all.flatMap(({ url, initiator }) => (url !== undefined && initiator === origin ? url : [])),
    reached: all.flatMap((params) => params.address_list ?? [])
  };
}

/** Of these addresses, those that are not of that origin. */
function elsewhere(origin: string, asked: string[]): string[] {
  const own = [origin, origin.replace(/^http/u, 'ws')];
  return asked.filter((url) => !own.some((start) => url.startsWith(`${start}/`)));
}

/**
 * A session in memory, in a browser with a profile, which is closed when this returns. What is planted stands in
 * the title of its tab before written is waited for.
 */
async function inMemory(
  relay: Relay,
  context: BrowserContext,
  written = (): Promise<void> => Promise.resolve()
): Promise<void> {
  const browser = await launch();
  const founder = await Person.arrive(browser, names[0] ?? '');
  await founder.enrol(relay.claim);
  const link = await founder.invite(1);

  const guest = new Person(names[1] ?? '', context, context.pages()[0] ?? (await context.newPage()));
  await guest.enrol(link, { keep: false, shown: true });
  await guest.open(names[0] ?? '');
  await guest.write(texts[0] ?? '');
  await founder.open(names[1] ?? '');
  await founder.sees(texts[0] ?? '');
  await founder.write(texts[1] ?? '');
  await guest.sees(texts[1] ?? '');
  await guest.attach({ name: file.name, mimeType: 'text/plain', buffer: Buffer.from(file.said) });
  await founder.message(file.name).waitFor();
  await guest.composer.pressSequentially(texts[2] ?? ''); // by key, as in enrol, and never sent
  await guest.page.evaluate((text) => (document.title = text), planted);
  await written();
  expect([...guest.complaints, ...founder.complaints]).toEqual([]);
  const again = await context.newPage();
  await guest.page.close();
  await again.goto(relay.origin);
  await again.getByRole('heading', { name: en.welcome.title }).waitFor();
  expect(await again.evaluate(() => indexedDB.databases())).toEqual([]);
  await again.evaluate((text) => {
    localStorage.setItem('planted', text);
  }, planted);
  await context.close();
  await browser.close();
}

describe('a session in memory, in Chromium', () => {
  let relay: Relay;

  beforeAll(async () => {
    relay = await Relay.start(folder);
  });

  afterAll(() => relay.stop());

  test('leaves nothing of it in the profile', async () => {
    const profile = path.join(folder, 'profile');
    await inMemory(relay, await withProfile(profile));
    expect(await search(profile, [planted]), 'the search itself').not.toEqual([]);
    expect(await search(profile, secrets)).toEqual([]);
  });

  test('of all that the browser did on the network, the page asked nobody but its relay', async () => {
    const { asked } = await network(path.join(folder, 'profile'), relay.origin);
    expect(asked).toContain(`${relay.origin.replace('https:', 'wss:')}/circuit`);
    expect(elsewhere(relay.origin, asked)).toEqual([]);
  });
});

test.skipIf(!canDriveFirefox)(
  'a session in memory leaves nothing of it in the profile of Firefox',
  async () => {
    const relay = await Relay.start(path.join(folder, 'of-firefox'));
    const profile = path.join(folder, 'firefox');
    const tabs = path.join(profile, 'sessionstore-backups');
    // it writes down what is in its tabs while they are open, and again when they are closed
    const written = (): Promise<void> =>
      expect.poll(() => search(tabs, [planted]).catch(() => []), { timeout: 30_000 }).not.toEqual([]);
    await inMemory(relay, await launchFirefoxProfile(profile, undefined, options), written);
    const found = (await search(profile, [planted])).map((hit) => path.basename(hit.split(':')[0] ?? ''));
    expect(found, 'the search itself').toEqual(
      expect.arrayContaining(['sessionstore.jsonlz4', 'data.sqlite'])
    );
    expect(await search(profile, secrets)).toEqual([]);
    const stored = path.join(profile, 'storage', 'default', relay.origin.replaceAll(/[:/]/gu, '+'));
    expect(await readdir(path.join(stored, 'idb'), { recursive: true }), 'no database').toEqual([]);
    expect(await readdir(stored), 'and no copies of the app').not.toContain('cache');
    await relay.stop();
  }
);

test('a kept vault is in the profile, and says nothing to who has no passphrase', async () => {
  const browser = await launch();
  const profile = path.join(folder, 'kept');
  const context = await withProfile(profile);
  const page = await context.newPage();
  const second = await Relay.start(path.join(folder, 'second'));
  const owner = new Person(names[0] ?? '', context, page);
  await owner.enrol(second.claim);
  const link = await owner.invite(1);
  const guest = await Person.arrive(browser, names[1] ?? '');
  await guest.enrol(link);
  await owner.open(names[1] ?? '');
  await owner.write(texts[0] ?? '');
  await owner.reaches(texts[0] ?? '', 'delivered');

  const tab = await context.newPage();
  await tab.goto(second.origin);
  await tab.getByLabel(en.welcome.passphrase).fill(passphrase);
  await tab.getByRole('button', { name: en.unlock.open }).click();
  await tab.getByText(en.error['in-use']).waitFor();

  await context.close();
  await browser.close();
  await second.stop();
  const databases = await readdir(path.join(profile, 'Default', 'IndexedDB'));
  expect(databases.length).toBeGreaterThan(0);
  expect(await search(profile, secrets)).toEqual([]);
});

test('the page of bulle open asks nobody but the program that serves it, over a whole session', async () => {
  const relay = await Relay.start(path.join(folder, 'of-open'));
  const browser = await launch();
  const founder = await Person.arrive(browser, names[0] ?? '');
  await founder.enrol(relay.claim);
  const local = await Loopback.start(folder, await founder.invite(1));
  const profile = path.join(folder, 'opened');
  const context = await withProfile(profile);
  const guest = new Person(names[1] ?? '', context, context.pages()[0] ?? (await context.newPage()));

  await guest.enrol(local.entrance);
  expect(guest.page.url()).toBe(`${local.origin}/`);
  await guest.open(names[0] ?? '');
  await guest.write('from my own machine');
  await founder.open(names[1] ?? '');
  await founder.sees('from my own machine');
  const chart = randomBytes(300_000);
  const sent = { name: 'chart.bin', mimeType: 'application/octet-stream', buffer: chart };
  await guest.attach(sent);
  expect((await founder.download('chart.bin')).equals(chart)).toBe(true);
  await founder.attach({ ...sent, name: 'back.bin' });
  expect((await guest.download('back.bin')).equals(chart)).toBe(true);
  await guest.lock();
  await guest.unlock();
  await guest.connected();

  expect(guest.troubles).toEqual([]);
  expect(guest.elsewhere(local.origin)).toEqual([]);
  await context.close();
  const { asked, reached } = await network(profile, local.origin);
  expect(asked).toContain(`${local.origin.replace('http:', 'ws:')}/circuit`);
  expect(elsewhere(local.origin, asked)).toEqual([]);
  expect(new Set(reached), 'and nobody else was reached, not even the relay').toEqual(
    new Set([new URL(local.origin).host])
  );
  await Promise.all([browser.close(), local.stop()]);
  await relay.stop();
});
