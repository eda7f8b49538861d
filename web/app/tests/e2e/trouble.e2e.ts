// What goes wrong between two browsers, a terminal client and their relay: a member removed while typing, a relay that
// dies, a network that is slow or deaf, a tab that crashes. Nothing may be lost, doubled, or said to be
// what it is not. The tests of this file go on from one another.
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { Terminal } from '../support/terminal';
import { Wire } from '../support/wire';

let folder: string;
let remove: () => Promise<void>;
let wire: Wire;
let relay: Relay;
let browser: Browser;
let alice: Person;
let bob: Person;
let carol: Terminal;

keepEvidence(() => [alice, bob]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  wire = await Wire.make();
  [relay, browser] = await Promise.all([Relay.startBehind(wire, folder), launch()]);
  alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim);
  const link = await alice.invite(2);
  bob = await Person.arrive(browser, 'bob');
  [carol] = await Promise.all([Terminal.join(folder, 'carol', link), bob.enrol(link)]);
  await alice.createGroup('harbour', ['bob', 'carol']);
  await alice.write('welcome');
  await bob.open('harbour');
  await bob.sees('welcome');
  await carol.readUntil('harbour', (line) => line.text === 'welcome');
});

afterAll(async () => {
  await browser.close();
  wire.close();
  await relay.stop();
  await remove();
});

const numbered = (what: string, n: number): string[] =>
  Array.from({ length: n }, (_, i) => `${what} ${String(i + 1)} of ${String(n)}`);

/** The texts of the open conversation that begin so, from top to bottom. */
async function shown(person: Person, start: string): Promise<string[]> {
  const all = await person.page.getByRole('log').getByRole('article').allInnerTexts();
  return all.flatMap((text) => text.split('\n').filter((line) => line.startsWith(start)));
}

test('who is removed while typing keeps what was written, and sends it when back', async () => {
  const draft = 'I was about to say';
  await bob.composer.pressSequentially(draft);
  await alice.removeMember('bob');
  await bob.page.getByText(en.chat.inactive).waitFor();
  expect(await bob.composer.count()).toBe(0);
  const unsent = bob.page.getByRole('region', { name: en.chat.unsent });
  await unsent.getByText(draft, { exact: true }).waitFor();
  await unsent.getByRole('button', { name: en.action.copy }).waitFor();
  await bob.sees('welcome');
  await alice.addMember('bob');
  await alice.closeDialog();
  await bob.composer.waitFor();
  expect(await bob.composer.inputValue()).toBe(draft);
  await bob.composer.press('Enter');
  await alice.sees(draft);
});

test('what is written while the relay is dead waits, and its states tell the truth', async () => {
  const texts = numbered('storm', 10);
  await alice.open('carol'); // so that she reads nothing of it yet
  await relay.kill();
  await bob.page.getByText(en.link.offline).waitFor();
  for (const text of texts) await bob.write(text);
  for (const text of texts) await bob.reaches(text, 'queued');
  await relay.restart();
  for (const text of texts) await bob.reaches(text, 'relayed'); // carol has no program running
  await carol.readUntil('harbour', (line) => line.text === texts.at(-1));
  const read = (await carol.read('harbour')).map((line) => line.text);
  expect(read.filter((text) => text?.startsWith('storm'))).toEqual(texts);
  for (const text of texts) await bob.reaches(text, 'delivered'); // to alice too, who looks elsewhere
  await alice.open('harbour');
  for (const text of texts) await bob.reaches(text, 'read');
  expect(await shown(alice, 'storm')).toEqual(texts);
  expect(await shown(bob, 'storm')).toEqual(texts);
});

test('a relay that dies amid an upload gets the whole file once it is back', async () => {
  const file = randomBytes(3_000_001);
  wire.speed = 1_500_000;
  const amid = wire.passes('up', 1_200_000);
  await bob.attach({ name: 'up.bin', mimeType: 'application/octet-stream', buffer: file });
  await amid;
  await relay.kill();
  await bob.page.getByText(en.link.offline).waitFor();
  wire.speed = Number.POSITIVE_INFINITY;
  await relay.restart();
  const line = await carol.readUntil('harbour', (l) => l.file?.name === 'up.bin');
  expect(line.file?.sha256).toBe(createHash('sha256').update(file).digest('hex'));
  await alice.message('up.bin').waitFor();
  expect(await alice.message('up.bin').count()).toBe(1);
});

test('a relay that dies amid a download lets it wait, and it goes on by itself to the whole file', async () => {
  const file = randomBytes(3_000_003);
  await writeFile(path.join(folder, 'down.bin'), file);
  await carol.send('harbour', '--file', path.join(folder, 'down.bin'));
  await bob.message('down.bin').waitFor();
  wire.speed = 1_500_000;
  const amid = wire.passes('down', 1_200_000);
  const saved = bob.download('down.bin');
  await amid;
  await relay.kill();
  await bob.page.getByText(en.link.offline).waitFor();
  await bob.message('down.bin').getByText(en.file.waiting).waitFor();
  wire.speed = Number.POSITIVE_INFINITY;
  await relay.restart();
  expect((await saved).equals(file)).toBe(true);
});

test('on a slow network it takes longer, and says so meanwhile', async () => {
  wire.speed = 3000;
  await bob.write('slowly, slowly');
  await bob.reaches('slowly, slowly', 'queued');
  await alice.sees('slowly, slowly');
  await bob.reaches('slowly, slowly', 'relayed');
  wire.speed = Number.POSITIVE_INFINITY;
});

test('a network that goes and comes is noticed at once', async () => {
  await bob.context.setOffline(true);
  wire.cut();
  await bob.page.getByText(en.link.offline).waitFor();
  await bob.write('from the tunnel');
  await bob.reaches('from the tunnel', 'queued');
  await bob.context.setOffline(false);
  await bob.connected();
  await alice.sees('from the tunnel');
});

test('a tab that crashes before it hears from the relay loses nothing and doubles nothing', async () => {
  const texts = numbered('wreck', 6);
  wire.hold('down'); // the relay gets what is sent, and its answers get lost
  const sent = wire.passes('up', 500);
  for (const text of texts) await bob.write(text);
  for (const text of texts) await bob.sees(text);
  await sent;
  const gone = bob.page.waitForEvent('crash');
  const devtools = await bob.context.newCDPSession(bob.page);
  devtools.send('Page.crash').catch(() => undefined); // nobody is left to answer
  await gone;
  wire.cut();
  bob = await bob.comeBack(relay.origin);
  await bob.open('harbour');
  for (const text of texts) await alice.sees(text);
  await carol.readUntil('harbour', (line) => line.text === texts.at(-1));
  const read = (await carol.read('harbour')).map((line) => line.text);
  expect(read.filter((text) => text?.startsWith('wreck'))).toEqual(texts);
  expect(await shown(alice, 'wreck')).toEqual(texts);
  expect(await shown(bob, 'wreck')).toEqual(texts);
  await bob.reaches(texts[5] ?? '', 'read');
});

test('nobody complained of anything else', () => {
  expect([...alice.troubles, ...bob.troubles]).toEqual([]);
});
