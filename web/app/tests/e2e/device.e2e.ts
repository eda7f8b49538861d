// What a browser can do to a device: a second tab, a full disk, a wrong clock, being installed, and what it promises.
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { executablePath, flags, launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { Person } from '../support/person';
import { Relay } from '../support/relay';

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person;
let bob: Person;
let link: string;
let odd: Person | undefined; // who is looked at when a test fails

keepEvidence(() => [alice, bob, odd]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
  alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim);
  link = await alice.invite(6);
  bob = await Person.arrive(browser, 'bob');
  await bob.enrol(link);
  await bob.open('alice');
  await bob.write('hello');
  await alice.open('bob');
  await alice.sees('hello');
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

test('a second tab of one vault says so in one sentence, and opens when the first is closed', async () => {
  const second = await bob.context.newPage();
  await second.goto(relay.origin);
  const other = new Person('bob', bob.context, second);
  await other.unlock();
  await second.getByText(en.error['in-use'], { exact: true }).waitFor();
  expect(await second.getByRole('alert').count()).toBe(1);
  await bob.write('the first goes on');
  await alice.sees('the first goes on');
  await bob.page.close();
  bob = other;
  await bob.unlock();
  await bob.connected();
  await bob.open('alice');
  await bob.sees('the first goes on');
});

/** Writes long messages until one is refused, and returns how the last one and that one begin, and it. */
async function fill(person: Person): Promise<{ last: string; start: string; refused: string }> {
  const full = person.page.getByText(en.error.full, { exact: true });
  for (let i = 1; i <= 100; i++) {
    const text = `page ${String(i)} ${'x'.repeat(30_000)}`;
    await person.write(text);
    await person
      .message(`page ${String(i)} x`)
      .or(full)
      .first()
      .waitFor();
    if ((await full.count()) > 0)
      return { last: `page ${String(i - 1)} x`, start: `page ${String(i)} x`, refused: text };
  }
  throw new Error('the disk does not get full');
}

test('on a full disk one sentence says so, and nothing is lost on either side', async () => {
  const dan = await Person.arrive(browser, 'dan');
  odd = dan;
  const devtools = await dan.context.newCDPSession(dan.page);
  // before anything is stored: a browser that has seen much room remembers it for a while
  const quota = (rest: { quotaSize?: number }): Promise<unknown> =>
    devtools.send('Storage.overrideQuotaForOrigin', { origin: relay.origin, ...rest });
  await quota({ quotaSize: 1_500_000 });
  await dan.enrol(link);
  await dan.open('alice');
  const { last, start, refused } = await fill(dan);
  expect(await dan.composer.inputValue(), 'it is back where it was written').toBe(refused);
  expect(await dan.message(start).count()).toBe(0);
  expect(await dan.page.getByRole('alert').count()).toBe(1);
  await dan.page.reload();
  await dan.unlock();
  await dan.connected();
  await dan.open('alice');
  await dan.sees(last);
  await alice.open('dan');
  await alice.write('does this arrive?');
  await alice.reaches('does this arrive?', 'relayed');
  await quota({});
  await dan.write(refused);
  await dan.reaches(start, 'read');
  await alice.sees(start);
  await dan.sees('does this arrive?');
  await alice.write('and now?');
  await dan.sees('and now?');
  await alice.reaches('and now?', 'read');
  expect(dan.troubles).toEqual([]);
  await dan.context.close();
});

/** Puts the clocks of a page and of every core that it starts wrong, by this many days. */
async function mistime(page: Page, days: number): Promise<void> {
  const turn = (off: number): void => {
    const now = Date.now.bind(Date);
    globalThis.Date = new Proxy(Date, {
      construct: (real, given) =>
        (given.length === 0 ? new real(now() + off) : Reflect.construct(real, given)) as Date,
      get: (real, name) => (name === 'now' ? () => now() + off : Reflect.get(real, name)) as unknown
    });
  };
  const off = days * 86_400_000;
  await page.addInitScript(turn, off);
  page.on('worker', (core) => void core.evaluate(turn, off));
}

test('a clock that is weeks off takes no message away, and puts none out of order', async () => {
  for (const [name, days, first] of [
    ['early', 21, 'alice'],
    ['late', -21, 'late']
  ] as const) {
    const person = await Person.arrive(browser, name);
    odd = person;
    await mistime(person.page, days);
    await person.enrol(link);
    const clocks = await Promise.all([
      person.page.evaluate(() => Date.now()),
      ...person.page.workers().map((core) => core.evaluate(() => new Date().getTime()))
    ]);
    const off = clocks.map((clock) => Math.round((clock - Date.now()) / 86_400_000));
    expect(off, 'the clocks of page and core are wrong indeed').toEqual([days, days]);
    // who begins adds the other by their own clock; this way round each is the harder one
    const talk = first === 'alice' ? [alice, person] : [person, alice];
    const [one, other] = talk as [Person, Person];
    const texts = [`${name} begins`, `${name} is answered`, `${name} ends`] as const;
    await one.open(other.name);
    await one.write(texts[0]);
    await other.open(one.name);
    await other.sees(texts[0]);
    await other.write(texts[1]);
    await one.sees(texts[1]);
    await one.write(texts[2]);
    await one.reaches(texts[2], 'read');
    for (const side of talk) {
      const said = (await side.page.getByRole('log').getByRole('article').allInnerTexts()).join('\n');
      const at = texts.map((text) => said.indexOf(text));
      expect(at, `${name}, as ${side.name} sees it`).toEqual([...at].sort((a, b) => a - b));
      expect(at).not.toContain(-1);
    }
    expect(person.troubles).toEqual([]);
    await person.context.close();
  }
});

test('it can be installed, and says what the browser promises to keep', async () => {
  const context = await chromium.launchPersistentContext(path.join(folder, 'profile'), {
    executablePath,
    args: flags,
    ignoreHTTPSErrors: true,
    locale: 'en-GB'
  });
  const owner = new Person('owner', context, context.pages()[0] ?? (await context.newPage()));
  const devtools = await context.newCDPSession(owner.page);
  const hindrances = async (): Promise<string[]> => {
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    return installabilityErrors.map((e) => e.errorId);
  };
  expect(await hindrances(), 'an empty page cannot be installed').not.toEqual([]);
  await owner.enrol(link);
  expect(await hindrances()).toEqual([]);
  const { manifest, errors } = await devtools.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  expect(manifest).toMatchObject({
    id: `${relay.origin}/`,
    scope: `${relay.origin}/`,
    display: 'kStandalone'
  });

  const told = async (sentence: string): Promise<void> => {
    await owner.button(en.list.settings).click();
    await owner.dialog.getByText(sentence, { exact: true }).waitFor();
    await owner.closeDialog();
  };
  await told(en.keeping.refused);
  await devtools.send('Browser.grantPermissions', { permissions: ['durableStorage'] });
  await owner.page.reload();
  await owner.unlock();
  await owner.connected();
  await told(en.keeping.kept);
  expect(await owner.page.evaluate(() => navigator.storage.persisted())).toBe(true);
  expect(owner.troubles).toEqual([]);
  await context.close();
});

test('a session in memory is told that nothing is kept', async () => {
  const guest = await Person.arrive(browser, 'guest');
  odd = guest;
  await guest.enrol(link, { keep: false });
  await guest.button(en.list.settings).click();
  await guest.dialog.getByText(en.keeping.memory, { exact: true }).waitFor();
  await guest.context.close();
});

test('nobody complained', () => {
  expect([...alice.troubles, ...bob.troubles]).toEqual([]);
});
