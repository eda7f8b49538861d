// A second browser of one member: linked by a code before its camera and six digits, with the history on its way over a
// slow network, hearing what follows, and deaf once it is removed. The tests go on from one another.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { Camera } from '../support/camera';
import { keepEvidence } from '../support/evidence';
import { passphrase, Person } from '../support/person';
import { Relay } from '../support/relay';
import { Terminal } from '../support/terminal';
import { Wire } from '../support/wire';

let folder: string;
let remove: () => Promise<void>;
let wire: Wire;
let relay: Relay;
let browser: Browser;
let camera: Camera;
let desk: Person;
let phone: Person;
let tablet: Person | undefined;
let bob: Terminal;

keepEvidence(() => [desk, phone, tablet]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  wire = await Wire.make();
  [relay, browser] = await Promise.all([Relay.startBehind(wire, folder), launch(...Camera.flags(folder))]);
  camera = await Camera.make(folder, await browser.newPage());
  desk = await Person.arrive(browser, 'alice');
  await desk.enrol(relay.claim);
  bob = await Terminal.join(folder, 'bob', await desk.invite(1));
  await desk.open('bob');
  await desk.write('before the phone');
  await bob.readUntil('alice', (line) => line.text === 'before the phone');
});

afterAll(async () => {
  await browser.close();
  wire.close();
  await relay.stop();
  await remove();
});

/** Brings another browser to where it waits for the digits to be the same, and says them. */
async function link(name: string): Promise<Person> {
  await desk.button(en.list.settings).click();
  await desk.button(en.devices.link).click();
  const shown = desk.page.getByRole('img', { name: en.scan.code });
  await shown.waitFor();
  await camera.seeCode(shown);
  const device = await Person.arrive(browser, name, 'en-GB', { permissions: ['camera'] });
  await device.page.goto(relay.origin);
  await device.button(en.scan.invitation).click();
  await device.dialog.waitFor({ state: 'detached' });
  expect(device.page.url(), 'nothing of the link is in the address').toBe(`${relay.origin}/`);
  await device.page.getByLabel(en.welcome.deviceName).fill(name);
  await device.page.getByLabel(en.welcome.passphrase, { exact: true }).fill(passphrase);
  await device.page.getByLabel(en.welcome.repeat).fill(passphrase);
  await device.button(en.welcome.linkDevice).click();
  const asked = desk.page.getByLabel(en.devices.code);
  await asked.waitFor();
  const code = await asked.innerText();
  expect(code).toMatch(/^\d{3} \d{3}$/u);
  await device.page.getByText(code, { exact: true }).waitFor();
  return device;
}

/** Confirms the digits, and closes both dialogs. */
async function confirm(): Promise<void> {
  await desk.button(en.devices.same).click();
  await desk.page.getByText(en.devices.done).waitFor();
  await desk.page.keyboard.press('Escape');
  await desk.page.keyboard.press('Escape');
  await desk.dialog.waitFor({ state: 'detached' });
}

test('a browser links another one, and the history comes along', async () => {
  phone = await link('Phone');
  await confirm();
  await phone.connected();
  await phone.open('bob');
  await phone.sees('before the phone');
  await phone.button(en.devices.skip).waitFor({ state: 'detached' });
});

test('both hear and both speak', async () => {
  await phone.write('from the phone');
  await bob.readUntil('alice', (line) => line.text === 'from the phone');
  await bob.send('alice', 'to both');
  await phone.sees('to both');
  await desk.sees('from the phone');
  await desk.sees('to both');
});

test('a history that is slow is told of, and one can go on without the rest', async () => {
  for (let i = 1; i <= 20; i++) await desk.write(`line ${String(i)} ${'and so on '.repeat(200)}`);
  await phone.message('line 20').waitFor();
  tablet = await link('Tablet');
  wire.speed = 10_000;
  await confirm();
  await tablet.connected();
  const skip = tablet.button(en.devices.skip);
  await skip.waitFor();
  await skip.click();
  await skip.waitFor({ state: 'detached' });
  wire.speed = Number.POSITIVE_INFINITY;
  await bob.send('alice', 'to all three');
  await tablet.open('bob');
  await tablet.sees('to all three');
  await tablet.write('from the tablet');
  await phone.sees('from the tablet');
});

test('a removed device is deaf and empty', async () => {
  await desk.button(en.list.settings).click();
  await desk.button(en.devices.remove('Phone')).click();
  await desk.button(en.devices.removeNow).click();
  await phone.page.getByText(en.error.removed).waitFor();
  expect(await phone.page.getByText('to both').count()).toBe(0);
});
