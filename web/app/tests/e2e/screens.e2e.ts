// Each screen and dialog, in both languages and themes, on a phone and on a desk: without faults for axe, without
// scrolling sideways, without text that is cut; and a whole path without a mouse.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { fr } from '../../src/lib/text/fr';
import { launch, scratch } from '../support/browser';
import { keepEvidence, shots } from '../support/evidence';
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
  await alice.page.getByText(en.chat.alone).first().waitFor();
  await check(alice.page, 'alone', 'en');
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

// Two languages, two themes, two widths: a busy machine takes its time.
test.each([
  ['en', en],
  ['fr', fr]
] as const)('each screen inside, in %s', { timeout: 240_000 }, async (language, texts) => {
  const [a] = people();
  const { page } = a;
  await a.open('bob');
  const press = (name: string): Promise<void> => a.button(name).first().click();
  await check(page, 'chat', language);
  await press(texts.chat.details);
  await check(page, 'details', language);
  await press(`${texts.contact.verify}: bob`);
  await page.getByText(texts.contact.unverified).first().waitFor();
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
  await page.keyboard.press('Control+/');
  await a.dialog.getByText(texts.keys.help).waitFor();
  await check(page, 'keys', language);
  await a.closeDialog();
  await press(texts.list.settings);
  await check(page, 'settings', language);
  if (language === 'en') await a.dialog.getByRole('combobox').first().selectOption('fr');
  await a.closeDialog();
  expect(await page.getAttribute('html', 'lang')).toBe(language === 'en' ? 'fr' : language);
});

test('searching, with and without something found', async () => {
  const [a] = people();
  const { page } = a;
  await page.keyboard.press('Control+k');
  await page.keyboard.type('tide');
  await a.list.getByRole('button', { name: /ferry/u }).waitFor();
  await check(page, 'search', 'fr');
  await page.getByRole('searchbox').fill('nowhere to be found');
  await a.list.getByText(fr.list.noMatch).waitFor();
  await check(page, 'nothing', 'fr');
  await page.getByRole('searchbox').fill('');
});

test('the keyboard goes from conversation to conversation', async () => {
  const [a] = people();
  const title = (name: string): Promise<void> => a.page.getByRole('heading', { level: 1, name }).waitFor();
  await a.page.keyboard.press('Alt+ArrowUp');
  await title('Harbour');
  await a.page.keyboard.press('Alt+ArrowDown');
  await title('bob');
});

test('high contrast, and details beside the room where there is a wide screen', async () => {
  const [a] = people();
  const { page } = a;
  await a.button(fr.list.settings).click();
  await a.dialog.getByRole('switch', { name: fr.settings.contrast }).check();
  await check(page, 'settings-contrast', 'fr');
  await a.closeDialog();
  await check(page, 'chat-contrast', 'fr');
  await page.setViewportSize({ width: 1600, height: 900 });
  await a.button(fr.chat.details).click();
  const pane = page.getByRole('complementary', { name: 'bob' });
  await pane.waitFor();
  await page.screenshot({ path: `${shots}details-fr-1600.png` });
  await page.keyboard.press('Escape');
  await pane.waitFor({ state: 'detached' });
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(fr.chat.details);
  await page.setViewportSize({ width: 1100, height: 760 });
});

test('forced colours show every control', async () => {
  const [a] = people();
  await a.page.emulateMedia({ forcedColors: 'active' });
  await a.button(fr.list.settings).click();
  await a.page.screenshot({ path: `${shots}settings-fr-forced.png` });
  await a.closeDialog();
  await a.page.screenshot({ path: `${shots}chat-fr-forced.png` });
  await a.page.emulateMedia({ forcedColors: 'none' });
});

test('the look outlives a reload; the locked screen, and its way out', async () => {
  const [a, b] = people();
  await a.page.reload();
  await a.page.getByRole('heading', { name: fr.unlock.title }).waitFor();
  expect(await a.page.getAttribute('html', 'data-contrast')).toBe('high');
  await check(a.page, 'unlock', 'fr');
  await a.button(fr.unlock.forgot).click();
  await check(a.page, 'forgot', 'fr');
  await a.closeDialog();
  expect([...a.complaints, ...b.complaints]).toEqual([]);
});

test('the list on a phone, and what it says while the relay is down', async () => {
  const [, b] = people();
  await withAxe(b.page);
  await b.page.reload(); // axe comes with a new document
  await b.unlock();
  await b.list.waitFor();
  await b.page.setViewportSize({ width: 360, height: 760 });
  await b.list.getByText('Harbour').waitFor();
  await check(b.page, 'list', 'en');
  await relay.kill();
  await b.page.getByText(en.link.offline).waitFor();
  await check(b.page, 'offline', 'en');
});

test('a browser that cannot run Bulle is told so', async () => {
  await relay.restart();
  for (const [language, locale, texts] of [
    ['en', 'en-GB', en],
    ['fr', 'fr-FR', fr]
  ] as const) {
    const visitor = await Person.arrive(browser, `unable-${language}`, locale);
    await withAxe(visitor.page);
    await visitor.page.addInitScript(() => {
      Reflect.deleteProperty(globalThis, 'WebAssembly');
    });
    await visitor.page.goto(relay.origin);
    await visitor.page.getByText(texts.error['no-wasm']).waitFor();
    await check(visitor.page, 'unable', language);
    await visitor.context.close();
  }
});
