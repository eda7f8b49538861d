// A second browser of one member: linked by a link and six digits, with the history,
// hearing what follows, and deaf once it is removed. The tests go on from one another.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { passphrase, Person } from '../support/person';
import { Relay } from '../support/relay';
import { Terminal } from '../support/terminal';

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let desk: Person;
let phone: Person;
let bob: Terminal;

keepEvidence(() => [desk, phone]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch()]);
  desk = await Person.arrive(browser, 'alice');
  await desk.enrol(relay.claim);
  bob = await Terminal.join(folder, 'bob', await desk.invite(1));
  await desk.open('bob');
  await desk.write('before the phone');
  await bob.readUntil('alice', (line) => line.text === 'before the phone');
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

test('a browser links another one, and the history comes along', async () => {
  await desk.button(en.list.settings).click();
  await desk.button(en.devices.link).click();
  const link = await desk.page.locator('dialog output').innerText();
  phone = await Person.arrive(browser, 'phone');
  await phone.page.goto(link);
  expect(phone.page.url(), 'the secret part of the link is gone from the address').toBe(`${relay.origin}/`);
  await phone.page.getByLabel(en.welcome.deviceName).fill('Phone');
  await phone.page.getByLabel(en.welcome.passphrase, { exact: true }).fill(passphrase);
  await phone.page.getByLabel(en.welcome.repeat).fill(passphrase);
  await phone.button(en.welcome.linkDevice).click();
  const asked = desk.page.getByLabel(en.devices.code);
  await asked.waitFor();
  const code = await asked.innerText();
  expect(code).toMatch(/^\d{3} \d{3}$/u);
  await phone.page.getByText(code, { exact: true }).waitFor();
  await desk.button(en.devices.same).click();
  await desk.page.getByText(en.devices.done).waitFor();
  await phone.connected();
  await phone.open('bob');
  await phone.sees('before the phone');
});

test('both hear and both speak', async () => {
  await phone.write('from the phone');
  await bob.readUntil('alice', (line) => line.text === 'from the phone');
  await bob.send('alice', 'to both');
  await phone.sees('to both');
  await desk.page.keyboard.press('Escape');
  await desk.page.keyboard.press('Escape');
  await desk.sees('from the phone');
  await desk.sees('to both');
});

test('a removed device is deaf and empty', async () => {
  await desk.button(en.list.settings).click();
  await desk.button(en.devices.remove('Phone')).click();
  await desk.button(en.devices.removeNow).click();
  await phone.page.getByText(en.error.removed).waitFor();
  expect(await phone.page.getByText('to both').count()).toBe(0);
});
