// One conversation between two browsers and a terminal client, from the founding
// of the bubble on. The tests of this file go on from one another.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
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

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

keepEvidence(() => [alice, bob]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

test('a claim link makes a founder, an invitation two members: a browser and a terminal', async () => {
  alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim);
  const link = await alice.invite(2);
  expect(new URL(link).origin).toBe(relay.origin);
  bob = await Person.arrive(browser, 'bob');
  [carol] = await Promise.all([Terminal.join(folder, 'carol', link), bob.enrol(link)]);
  expect(bob.page.url(), 'the secret part of the link is gone from the address').toBe(`${relay.origin}/`);
});

test('two browsers talk, and states go up to read', async () => {
  await bob.open('alice');
  await bob.write('bonjour **Alice**');
  await alice.list.getByText(en.list.unread(1)).waitFor({ state: 'attached' });
  expect(await alice.page.title()).toBe('(1) Bulle');
  await bob.reaches('bonjour', 'delivered');
  await alice.open('bob');
  await alice.sees('bonjour Alice');
  await bob.reaches('bonjour', 'read');
  await alice.write('salut');
  await bob.sees('salut');
  expect(await alice.page.title()).toBe('Bulle');
});

test('a group of three: two browsers and a terminal', async () => {
  await alice.createGroup('harbour', ['bob', 'carol']);
  await alice.write('welcome, both');
  await bob.open('harbour');
  await bob.sees('welcome, both');
  await carol.readUntil('harbour', (line) => line.text === 'welcome, both');
  await alice.reaches('welcome, both', 'read');
  await carol.send('harbour', 'from a terminal');
  await Promise.all([alice.sees('from a terminal'), bob.sees('from a terminal')]);
  await bob.write('from a browser');
  await carol.readUntil('harbour', (line) => line.text === 'from a browser');
});

test('files go both ways, whole', async () => {
  const up = randomBytes(700_001);
  await alice.attach({ name: 'chart.bin', mimeType: 'application/octet-stream', buffer: up });
  const line = await carol.readUntil('harbour', (l) => l.file?.name === 'chart.bin');
  expect(line.file?.sha256).toBe(digest(up));
  const saved = path.join(folder, 'saved');
  await mkdir(saved);
  await carol.read('harbour', saved);
  expect(digest(await readFile(path.join(saved, 'chart.bin')))).toBe(digest(up));

  const down = randomBytes(300_007);
  await writeFile(path.join(folder, 'tide.bin'), down);
  await carol.send('harbour', '--file', path.join(folder, 'tide.bin'));
  expect(digest(await bob.download('tide.bin'))).toBe(digest(down));
});

test('search finds people and messages', async () => {
  const search = bob.page.getByRole('searchbox');
  await search.fill('TERMINAL');
  await bob.list.getByRole('button', { name: /from a terminal/u }).waitFor();
  await search.fill('carol');
  await bob.list.getByRole('button', { name: 'carol', exact: true }).waitFor();
  await search.fill('nothing like that');
  await bob.page.getByText(en.list.noMatch).waitFor();
  await search.fill('');
});

test('a member who is removed while typing loses the composer, and comes back', async () => {
  await bob.composer.pressSequentially('I was about to s');
  await alice.removeMember('bob');
  await bob.page.getByText(en.chat.inactive).waitFor();
  expect(await bob.composer.count()).toBe(0);
  await bob.sees('from a terminal');
  await alice.addMember('bob');
  await alice.closeDialog();
  await bob.composer.waitFor();
  await alice.write('there you are again');
  await bob.sees('there you are again');
});

test('a relay killed while sending loses nothing and doubles nothing', async () => {
  const texts = Array.from({ length: 12 }, (_, i) => `storm ${String(i + 1)} of 12`);
  for (const [i, text] of texts.entries()) {
    if (i === 4) await relay.kill();
    await bob.write(text);
  }
  await bob.page.getByText(en.link.offline).waitFor();
  await relay.restart();
  await Promise.all([alice.connected(), bob.connected()]);
  for (const text of texts) await alice.sees(text);
  await carol.readUntil('harbour', (line) => line.text === texts.at(-1));
  const read = await carol.read('harbour');
  expect(read.map((line) => line.text).filter((text) => text?.startsWith('storm'))).toEqual(texts);
  await bob.reaches(texts[11] ?? '', 'read');
});

test('locking asks for the passphrase, and what was said is still there', async () => {
  await bob.lock();
  expect(await bob.page.getByText('from a terminal').count()).toBe(0);
  await bob.unlock('not the one that was chosen');
  await bob.page.getByText(en.error.passphrase).waitFor();
  await bob.unlock();
  await bob.connected();
  await bob.open('harbour');
  await bob.sees('from a terminal');
});

test('a reloaded page finds its vault, locked', async () => {
  await bob.page.reload();
  await bob.unlock();
  await bob.connected();
  await bob.open('alice');
  await bob.sees('salut');
  await bob.write('still here');
  await alice.open('bob');
  await alice.sees('still here');
});

test('nobody complained, and nothing but the relay was asked for anything', () => {
  expect([...alice.troubles, ...bob.troubles]).toEqual([]);
  expect([...alice.elsewhere(relay.origin), ...bob.elsewhere(relay.origin)]).toEqual([]);
});
