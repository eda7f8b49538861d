// Files, pictures and voice notes between two browsers and a terminal client. The tests
// of this file go on from one another.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { jpegWithPlace, makePicture } from '../support/pictures';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { Terminal } from '../support/terminal';

let folder: string;
let saved: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let alice: Person;
let bob: Person;
let carol: Terminal;

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const chunk = 256 * 1024;
const large = randomBytes(20_000_003);

keepEvidence(() => [alice, bob]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  saved = path.join(folder, 'saved');
  await mkdir(saved);
  [relay, browser] = await Promise.all([
    Relay.start(folder),
    launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream')
  ]);
  alice = await Person.arrive(browser, 'alice');
  await alice.enrol(relay.claim);
  const link = await alice.invite(2);
  bob = await Person.arrive(browser, 'bob');
  [carol] = await Promise.all([Terminal.join(folder, 'carol', link), bob.enrol(link)]);
  await alice.createGroup('harbour', ['bob', 'carol']);
  await alice.write('files ahead');
  await bob.open('harbour');
  await bob.sees('files ahead');
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

/** The message of a file with that name. */
const fileOf = (who: Person, name: string): Locator => who.message(name).last();

test('files of every size around a chunk arrive whole, several in one tray', async () => {
  const sizes = [0, 1, chunk - 1, chunk, chunk + 1];
  const files = sizes.map((n) => ({
    name: `${String(n)}.bin`,
    mimeType: 'application/octet-stream',
    buffer: randomBytes(n)
  }));
  await alice.attach(files, 'five of them');
  await alice.sees('five of them');
  for (const file of files) {
    expect(digest(await bob.download(file.name)), file.name).toBe(digest(file.buffer));
  }
  await carol.readUntil('harbour', (l) => l.file?.name === files.at(-1)?.name);
  await carol.read('harbour', saved);
  for (const file of files)
    expect(digest(await readFile(path.join(saved, file.name))), file.name).toBe(digest(file.buffer));
});

test('a large file is paused, outlives a restart of the relay, and goes on', async () => {
  await alice.attach({ name: 'large.bin', mimeType: 'application/octet-stream', buffer: large });
  await alice.button(`${en.file.pause} large.bin`).click();
  await fileOf(alice, 'large.bin').getByText(en.file.paused).waitFor();
  await alice.write('a text does not wait for it');
  await bob.sees('a text does not wait for it');
  expect(await bob.message('large.bin').count()).toBe(0);
  await relay.kill();
  await alice.page.getByText(en.link.offline).waitFor();
  await relay.restart();
  await alice.connected();
  await alice.button(`${en.file.resume} large.bin`).click();
  await fileOf(bob, 'large.bin').waitFor();
  expect(digest(await bob.download('large.bin'))).toBe(digest(large));
});

test('a download is paused and goes on, and one that lost the relay goes on by itself', async () => {
  const waiting = alice.page.waitForEvent('download');
  await alice.button(`${en.action.download} large.bin`).click();
  await alice.button(`${en.file.pause} large.bin`).click();
  await fileOf(alice, 'large.bin').getByText(en.file.paused).waitFor();
  await relay.kill();
  await alice.button(`${en.file.resume} large.bin`).click();
  await relay.restart();
  const bytes = await readFile(await (await waiting).path());
  expect(digest(bytes)).toBe(digest(large));
  await Promise.all([alice.connected(), bob.connected()]);
});

test('a file that is given up leaves nothing to save', async () => {
  await alice.attach({ name: 'mistake.bin', mimeType: 'application/octet-stream', buffer: large });
  await alice.button(`${en.file.cancel} mistake.bin`).click();
  await fileOf(alice, 'mistake.bin').getByText(en.reason.cancelled).waitFor({ state: 'attached' });
  await alice.write('after the mistake');
  await bob.sees('after the mistake');
  expect(await bob.message('mistake.bin').count()).toBe(0);
});

test('a file that is gone with the page is chosen again, and goes on', async () => {
  const file = { name: 'again.bin', mimeType: 'application/octet-stream', buffer: large };
  await alice.attach(file);
  await alice.button(`${en.file.pause} again.bin`).click();
  await fileOf(alice, 'again.bin').getByText(en.file.paused).waitFor();
  await alice.page.reload();
  await alice.unlock();
  await alice.connected();
  await alice.open('harbour');
  await fileOf(alice, 'again.bin').getByText(en.file.paused).waitFor();
  await alice.button(`${en.file.resume} again.bin`).click();
  await fileOf(alice, 'again.bin').getByText(en.reason.file).waitFor({ state: 'attached' });
  const again = alice.page.locator('input[data-again]');
  await again.setInputFiles({ ...file, buffer: randomBytes(5) });
  await alice.page.getByText(en.error['other-file']).waitFor();
  await again.setInputFiles(file);
  await fileOf(bob, 'again.bin').waitFor();
  expect(digest(await bob.download('again.bin'))).toBe(digest(large));
});

test('a picture shows before it is fetched, tells no place, and opens whole', async () => {
  const photo = jpegWithPlace(await makePicture(alice.page, 1200, 800));
  await alice.attach({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: photo }, 'the bay');
  const shown = bob.page.getByRole('button', { name: en.file.view('photo.jpg') });
  await shown.locator('img').waitFor();
  const drawn = await shown
    .locator('img')
    .evaluate((img: HTMLImageElement) => [img.naturalWidth, img.complete]);
  expect(drawn).toEqual([360, true]);
  await shown.click();
  const whole = bob.dialog.getByRole('img', { name: 'photo.jpg' });
  await whole.waitFor();
  expect(await whole.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(1200);
  await bob.closeDialog();
  await carol.readUntil('harbour', (l) => l.file?.name === 'photo.jpg');
  await carol.read('harbour', saved);
  const arrived = await readFile(path.join(saved, 'photo.jpg'));
  expect(photo.includes('GPS')).toBe(true);
  expect(arrived.includes('GPS')).toBe(false);
});

test('what is pasted and dropped goes through the tray', async () => {
  await alice.page.evaluate((event) => {
    const data = new DataTransfer();
    data.items.add(new File(['pasted words'], 'pasted.txt', { type: 'text/plain' }));
    const box = document.querySelector('textarea');
    box?.dispatchEvent(new ClipboardEvent(event, { clipboardData: data, bubbles: true, cancelable: true }));
  }, 'paste');
  await alice.page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['dropped words'], 'dropped.txt', { type: 'text/plain' }));
    dataTransfer.items.add(new File(['unwanted'], 'unwanted.txt', { type: 'text/plain' }));
    const room = document.querySelector('[role=log]');
    room?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await alice.button(`${en.action.remove} unwanted.txt`).click();
  await alice.sendTray();
  expect((await bob.download('pasted.txt')).toString()).toBe('pasted words');
  expect((await bob.download('dropped.txt')).toString()).toBe('dropped words');
  expect(await bob.message('unwanted.txt').count()).toBe(0);
});

test('a voice note is recorded, listened to, sent, and heard on the other side', async () => {
  await bob.button(en.file.record).click();
  await bob.page.getByRole('timer').getByText('0:01').waitFor();
  await bob.button(en.file.pauseRecording).click();
  await bob.button(en.file.resumeRecording).click();
  await bob.page.getByRole('timer').getByText('0:02').waitFor();
  await bob.button(en.file.finish).click();
  const own = bob.page.getByRole('group', { name: en.file.recording, exact: true });
  await own.getByRole('button', { name: en.file.play, exact: true }).click();
  await own.getByRole('button', { name: en.file.pause, exact: true }).click();
  await bob.button(en.file.sendVoice).click();
  const heard = alice.page.getByRole('group', { name: /^Voice note, 0:0[2-9]$/u });
  await heard.waitFor();
  const bars = await heard.locator('rect').evaluateAll((all) => all.map((r) => r.getAttribute('height')));
  expect(bars.length).toBe(64);
  expect(new Set(bars).size, 'levels that differ').toBeGreaterThan(2);
  await heard.getByRole('button', { name: en.file.speed('1×') }).click();
  await heard.getByRole('button', { name: en.file.speed('1.5×') }).waitFor();
  await heard.getByRole('button', { name: en.file.play, exact: true }).click();
  await expect
    .poll(() => heard.locator('audio').evaluate((a: HTMLAudioElement) => a.currentTime), { timeout: 30_000 })
    .toBeGreaterThan(0.2);
  const line = await carol.readUntil('harbour', (l) => l.file?.name.startsWith('voice.') === true);
  expect(line.file?.size).toBeGreaterThan(1000);
});

test('a voice note that is discarded turns the microphone off and sends nothing', async () => {
  await bob.button(en.file.record).click();
  await bob.page.getByRole('timer').getByText('0:01').waitFor();
  await bob.button(en.file.discard).click();
  await bob.composer.waitFor();
  await bob.write('no sound');
  await alice.sees('no sound');
  expect(await alice.page.getByRole('group', { name: /^Voice note/u }).count()).toBe(1);
});

test('nobody complained', () => {
  const offline = /ERR_CONNECTION_REFUSED|WebSocket connection to/u; // said while the relay was killed
  expect([...alice.complaints, ...bob.complaints].filter((c) => !offline.test(c))).toEqual([]);
});
