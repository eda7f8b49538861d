// What people say beyond texts, between two browsers and a terminal client. The tests of this file go on
// from one another.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { Terminal } from '../support/terminal';

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person;
let bob: Person;
let carol: Terminal;

keepEvidence(() => [alice, bob]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
  alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim);
  const link = await alice.invite(2);
  bob = await Person.arrive(browser, 'bob');
  [carol] = await Promise.all([Terminal.join(folder, 'carol', link), bob.enrol(link)]);
  await alice.createGroup('harbour', ['bob', 'carol']);
  await alice.write('the ferry leaves at nine');
  await bob.open('harbour');
  await bob.sees('the ferry leaves at nine');
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

/** Chooses a line of the menu of a message, as the context key does. */
async function choose(who: Person, text: string, line: string): Promise<void> {
  await who.message(text).first().click({ button: 'right' });
  await who.page.getByRole('menuitem', { name: line, exact: true }).click();
}

test('a reply shows what it replies to and leads there', async () => {
  await choose(bob, 'the ferry', en.words.reply);
  await bob.page.getByText(en.words.replying('alice')).waitFor();
  await bob.write('I will be there');
  const quote = alice.message('I will be there').getByRole('button', { name: /the ferry leaves at nine/u });
  await quote.click();
  await alice.page.locator('.said.found').waitFor();
  const line = await carol.readUntil('harbour', (l) => l.text === 'I will be there');
  expect(line).toMatchObject({ reply_to: { from: 'alice', text: 'the ferry leaves at nine' } });
});

test('a file can be a reply, and the text that was being written stays', async () => {
  await bob.composer.fill('half a thought');
  await choose(bob, 'the ferry', en.words.reply);
  await bob.attach({ name: 'map.txt', mimeType: 'text/plain', buffer: Buffer.from('a map') }, 'see the map');
  await alice
    .message('see the map')
    .getByRole('button', { name: /the ferry leaves at nine/u })
    .waitFor();
  expect(await bob.composer.inputValue()).toBe('half a thought');
  expect(await bob.page.getByText(en.words.replying('alice')).count()).toBe(0);
  const line = await carol.readUntil('harbour', (l) => l.file?.name === 'map.txt');
  expect(line).toMatchObject({ reply_to: { from: 'alice' } });
  await bob.composer.fill('');
});

test('reactions toggle, from the picker and from their chip', async () => {
  await choose(bob, 'I will be there', en.words.delete); // a dialog closes without an effect
  await bob.closeDialog();
  await choose(alice, 'I will be there', en.words.react);
  await alice.page.getByRole('button', { name: '👍', exact: true }).click();
  const chip = (who: Person): ReturnType<Person['button']> =>
    who.page.getByRole('button', { name: /^👍 by/u });
  await chip(bob).click();
  await alice.page.getByRole('button', { name: '👍 by alice, bob', exact: true }).waitFor();
  await chip(alice).click();
  await bob.page.getByRole('button', { name: '👍 by bob', exact: true }).waitFor();
});

test('the arrow up edits the last own message', async () => {
  await alice.composer.press('ArrowUp');
  expect(await alice.composer.inputValue()).toBe('the ferry leaves at nine');
  await alice.write('the ferry leaves at ten');
  await bob.message('the ferry leaves at ten').getByText(en.words.edited, { exact: true }).waitFor();
  await bob.page
    .getByRole('button', { name: /In reply to: alice the ferry leaves at ten/u })
    .first()
    .waitFor();
});

test('light markdown looks as it is meant, and nothing else does', async () => {
  await alice.write('> who said\n**loud** ~~no~~ `x` <b>plain</b>');
  const shown = bob.message('who said');
  await shown.waitFor();
  const looks = ['blockquote', 'strong', 's', 'code', 'b'];
  const texts = await Promise.all(looks.map((look) => shown.locator(look).allTextContents()));
  expect(texts).toEqual([['who said'], ['loud'], ['no'], ['x'], []]);
  expect(await shown.locator('p').textContent()).toBe('who saidloud no x <b>plain</b>');
});

test('what is deleted for everyone leaves a line, and quotes of it say that it is gone', async () => {
  await choose(alice, 'the ferry leaves', en.words.delete);
  await alice.dialog.getByRole('button', { name: en.words.deleteEveryone }).click();
  for (const who of [alice, bob]) {
    await who.page.getByText(en.words.deleted).waitFor();
    await who.message('I will be there').getByText(en.words.gone).waitFor();
    expect(await who.page.getByText('the ferry').count()).toBe(0);
  }
  await carol.readUntil('harbour', (l) => l.text === 'I will be there');
});

test('messages disappear once their time is up', async () => {
  await carol.run('timer', 'alice', '5s');
  await alice.open('carol');
  await alice.page
    .getByRole('log')
    .getByText('carol set messages to disappear 5 seconds after they are read')
    .waitFor();
  await alice.page
    .getByRole('banner')
    .or(alice.page.locator('header'))
    .getByText('5 seconds')
    .first()
    .waitFor();
  await alice.write('burn after reading');
  await carol.readUntil('alice', (l) => l.text === 'burn after reading');
  await alice.message('burn after reading').waitFor({ state: 'detached' });
  const gone = async (): Promise<boolean> =>
    (await carol.read('alice')).every((l) => l.text !== 'burn after reading');
  while (!(await gone())); // each look takes a second
});
