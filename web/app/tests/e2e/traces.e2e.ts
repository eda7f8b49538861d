// What a session leaves behind: in the browser's profile on disk, and on the network.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { executablePath, flags, launch, scratch } from '../support/browser';
import { passphrase, Person } from '../support/person';
import { search } from '../support/profile';
import { Relay } from '../support/relay';

const texts = ['heliotrope wardrobe', 'quicksilver umbrella', 'parsimonious lighthouse'];
const names = ['Zephyrine', 'Ottokar'];

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;

beforeAll(async () => {
  [folder, remove] = await scratch();
  relay = await Relay.start(folder);
});

afterAll(async () => {
  await relay.stop();
  await remove();
});

/** A browser with a profile on disk, and a log of all that it does on the network. */
async function withProfile(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath,
    args: [...flags, `--log-net-log=${path.join(folder, 'network.json')}`],
    ignoreHTTPSErrors: true,
    locale: 'en-GB',
    viewport: { width: 1100, height: 760 }
  });
}

test('a session in memory leaves nothing of it in the profile', async () => {
  const browser = await launch();
  const founder = await Person.arrive(browser, names[0] ?? '');
  await founder.enrol(relay.claim);
  const link = await founder.invite(1);

  const profile = path.join(folder, 'profile');
  const context = await withProfile(profile);
  const guest = new Person(names[1] ?? '', context, context.pages()[0] ?? (await context.newPage()));
  await guest.enrol(link, { keep: false, shown: true });
  await guest.open(names[0] ?? '');
  await guest.write(texts[0] ?? '');
  await founder.open(names[1] ?? '');
  await founder.sees(texts[0] ?? '');
  await founder.write(texts[1] ?? '');
  await guest.sees(texts[1] ?? '');
  await guest.composer.fill(texts[2] ?? ''); // never sent
  expect([...guest.complaints, ...founder.complaints]).toEqual([]);
  await guest.page.close();
  const again = await context.newPage();
  await again.goto(relay.origin);
  await again.getByRole('heading', { name: en.welcome.title }).waitFor();
  expect(await again.evaluate(() => indexedDB.databases())).toEqual([]);
  await again.evaluate(() => {
    localStorage.setItem('planted', 'the search finds what is there');
  });
  await context.close();
  await browser.close();

  expect(await search(profile, ['the search finds what is there']), 'the search itself').not.toEqual([]);
  expect(await search(profile, [...texts, ...names, passphrase])).toEqual([]);
});

interface NetLog {
  events: { params?: { url?: string; initiator?: string; headers?: string[] } }[];
}

test('of all that the browser did on the network, the page asked nobody but its relay', async () => {
  const log = JSON.parse(await readFile(path.join(folder, 'network.json'), 'utf8')) as NetLog;
  const asked = log.events.flatMap(({ params }) =>
    params?.url !== undefined && params.initiator === relay.origin ? [params.url] : []
  );
  const socket = relay.origin.replace('https:', 'wss:');
  expect(asked).toContain(`${socket}/circuit`);
  const elsewhere = asked.filter((url) => ![relay.origin, socket].some((own) => url.startsWith(`${own}/`)));
  expect(elsewhere).toEqual([]);
});

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
  expect(await search(profile, [...texts, ...names, passphrase])).toEqual([]);
});
