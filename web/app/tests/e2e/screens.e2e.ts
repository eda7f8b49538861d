// Each screen and dialog: without faults for axe, without scrolling sideways, in both
// languages and themes; and a whole path without a mouse.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { fr } from '../../src/lib/text/fr';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { passphrase, Person } from '../support/person';
import { Relay } from '../support/relay';
import { check, tabTo, withAxe } from '../support/screens';

let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person | undefined;
let bob: Person | undefined;
let invitation: string;

keepEvidence(() => [alice, bob]);

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

function people(): [alice: Person, bob: Person] {
  if (!alice || !bob) throw new Error('the tests before this one did not bring them in');
  return [alice, bob];
}

test('the first screen, in both languages', async () => {
  for (const [language, locale, texts] of [
    ['en', 'en-GB', en],
    ['fr', 'fr-FR', fr]
  ] as const) {
    const visitor = await Person.arrive(browser, `visitor-${language}`, locale);
    await withAxe(visitor.page);
    await visitor.page.goto(relay.claim);
    await visitor.page.getByText(texts.welcome.claim(relay.address)).waitFor();
    await visitor.page.getByLabel(texts.welcome.passphrase, { exact: true }).fill('too weak');
    await visitor.page.getByLabel(texts.welcome.repeat).fill('and not the same');
    await visitor.page.getByText(texts.welcome.repeatBad).waitFor();
    await visitor.page.getByRole('status').waitFor();
    await check(visitor.page, 'welcome', language);
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  }
});

test('join, write and send without a mouse', async () => {
  alice = await Person.arrive(browser, 'alice');
  await withAxe(alice.page);
  await alice.enrol(relay.claim);
  invitation = await alice.invite(1);
  bob = await Person.arrive(browser, 'bob');
  const { page } = bob;
  await page.goto(invitation);
  const name = page.getByLabel(en.welcome.name);
  await name.waitFor();
  const reach = (what: string): Promise<void> => tabTo(page, what);
  await reach(en.welcome.name);
  await page.keyboard.type('bob');
  await reach(en.welcome.passphrase);
  await page.keyboard.type(passphrase);
  await reach(en.welcome.repeat);
  await page.keyboard.type(passphrase);
  await page.getByRole('button', { name: en.welcome.join, disabled: false }).waitFor();
  await page.keyboard.press('Enter');
  await bob.connected();
  await reach('alice');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'alice' }).waitFor();
  await reach(en.chat.write('alice'));
  await page.keyboard.type('typed, not clicked');
  await page.keyboard.press('Enter');
  await bob.sees('typed, not clicked');
  await alice.open('bob');
  await alice.sees('typed, not clicked');
});

test('a conversation with something of everything', async () => {
  const [a, b] = people();
  await a.write('Bonjour **Bob**, the plan is at https://example.org/a/long/address?with=a&query=string');
  await a.write(
    'A longer paragraph, so that one sees how lines break: the ferry leaves at nine, the tide turns at ten, and whoever is late swims. `tide --at 10`'
  );
  const link = b.message('the plan').getByRole('link');
  expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
  expect(await link.getAttribute('href')).toBe(await link.innerText());
  expect(await b.message('longer paragraph').locator('code').innerText()).toBe('tide --at 10');
  await b.attach({
    name: 'a chart with quite a long name for a small screen.pdf',
    mimeType: 'application/pdf',
    buffer: Buffer.alloc(90_000, 1)
  });
  await b.write('See the chart');
  await a.sees('See the chart');
  await a.createGroup('Harbour', ['bob']);
  await a.write('Everybody here?');
  await b.list.getByText(en.list.unread(1)).waitFor({ state: 'attached' });
});

test('each screen inside, in both languages', async () => {
  const [a] = people();
  const { page } = a;
  await a.open('bob');
  for (const [language, texts] of [
    ['en', en],
    ['fr', fr]
  ] as const) {
    const press = (name: string): Promise<void> => a.button(name).first().click();
    await check(page, 'chat', language);
    await press(texts.chat.details);
    await check(page, 'details', language);
    await press(`${texts.contact.verify}: bob`);
    await page.getByText(texts.contact.unverified).waitFor();
    await check(page, 'safety', language);
    await a.closeDialog();
    await press(texts.list.newGroup);
    await check(page, 'group', language);
    await a.closeDialog();
    await press(texts.list.invite);
    await press(texts.invite.make);
    await a.dialog.locator('output').waitFor();
    await check(page, 'invite', language);
    await a.closeDialog();
    await press(texts.list.settings);
    await check(page, 'settings', language);
    if (language === 'en') await a.dialog.getByRole('combobox').first().selectOption('fr');
    await a.closeDialog();
  }
  await page.getByRole('searchbox').fill('tide');
  await a.list.getByRole('button', { name: /ferry/u }).waitFor();
  await check(page, 'search', 'fr');
});

test('the locked screen, and the list on a small one', async () => {
  const [a, b] = people();
  await b.page.setViewportSize({ width: 360, height: 760 });
  await b.page.getByRole('button', { name: en.action.back }).click();
  await b.list.waitFor();
  await b.page.emulateMedia({ colorScheme: 'light' });
  await withAxe(b.page);
  await a.button(fr.action.lock).click();
  await a.page.getByRole('heading', { name: fr.unlock.title }).waitFor();
  await check(a.page, 'unlock', 'fr');
  expect([...a.complaints, ...b.complaints]).toEqual([]);
});
