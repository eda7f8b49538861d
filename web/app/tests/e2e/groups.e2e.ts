// People and groups in real browsers: codes before the camera, roles, notifications, muting and blocking.
// The tests of this file go on from one another.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { Camera } from '../support/camera';
import { keepEvidence } from '../support/evidence';
import { passphrase, Person } from '../support/person';
import { Relay } from '../support/relay';

interface Shown {
  title: string;
  body: string;
  tag: string;
  onclick?: () => void;
}

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;
let camera: Camera;
let alice: Person;
let bob: Person;
let carol: Person;
let dave: Person | undefined;

keepEvidence(() => [alice, bob, carol, dave]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, browser] = await Promise.all([Relay.start(folder), launch(...Camera.flags(folder))]);
  camera = await Camera.make(folder, await browser.newPage());
  alice = await Person.arrive(browser, 'alice', 'en-GB', { permissions: ['camera'] });
  bob = await Person.arrive(browser, 'bob', 'en-GB', { permissions: ['notifications'] });
  await watchNotices(bob);
  await alice.enrol(relay.claim);
  await bob.enrol(await alice.invite(1));
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

/** Keeps what the page would show outside of itself: a headless browser has nowhere to show it. */
async function watchNotices(person: Person): Promise<void> {
  await person.page.addInitScript(() => {
    const kept: Shown[] = [];
    const counts: number[] = [];
    class Recorded {
      static readonly permission = 'granted';
      static requestPermission = (): Promise<string> => Promise.resolve('granted');
      onclick?: () => void;
      readonly body: string;
      readonly tag: string;
      constructor(
        readonly title: string,
        options: { body: string; tag: string }
      ) {
        this.body = options.body;
        this.tag = options.tag;
        kept.push(this);
      }
      close(): void {
        kept.splice(kept.indexOf(this), 1);
      }
    }
    Object.assign(globalThis, { Notification: Recorded, kept, counts });
    Object.assign(navigator, {
      setAppBadge: (n: number) => Promise.resolve(counts.push(n)),
      clearAppBadge: () => Promise.resolve(counts.push(0))
    });
  });
}

const notices = (person: Person): Promise<Shown[]> =>
  person.page.evaluate(() =>
    (globalThis as unknown as { kept: Shown[] }).kept.map(({ title, body, tag }) => ({ title, body, tag }))
  );
const badge = (person: Person): Promise<number | undefined> =>
  person.page.evaluate(() => (globalThis as unknown as { counts: number[] }).counts.at(-1));

const code = (person: Person): ReturnType<Person['button']> =>
  person.page.getByRole('img', { name: en.scan.code });

/** Opens what one may do about a member of the open conversation, whose details are shown. */
async function menuOf(who: Person, member: string): Promise<string[]> {
  await who.button(`${en.action.more}: ${member}`).click();
  return who.page.getByRole('menuitem').allInnerTexts();
}

async function choose(who: Person, member: string, line: string): Promise<void> {
  await menuOf(who, member);
  await who.page.getByRole('menuitem', { name: line, exact: true }).click();
}

test('an invitation is scanned from another screen, and joins', async () => {
  await alice.button(en.list.invite).click();
  await alice.dialog.getByRole('button', { name: en.invite.make }).click();
  await code(alice).waitFor();
  await camera.seeCode(code(alice));
  carol = await Person.arrive(browser, 'carol', 'en-GB', { permissions: ['camera'] });
  await carol.page.goto(relay.origin);
  await carol.button(en.scan.invitation).click();
  await carol.dialog.waitFor({ state: 'detached' });
  await carol.page.getByText(new URL(relay.origin).host).waitFor(); // where it leads to is said first
  await alice.closeDialog();
  await carol.page.getByLabel(en.welcome.name).fill('carol');
  await carol.page.getByLabel(en.welcome.passphrase, { exact: true }).fill(passphrase);
  await carol.page.getByLabel(en.welcome.repeat).fill(passphrase);
  await carol.page.getByRole('button', { name: 'Join' }).click();
  await carol.connected();
});

test('who allows no camera is told, and a picture of the code does', async () => {
  await alice.button(en.list.invite).click();
  await alice.dialog.getByRole('button', { name: en.invite.make }).click();
  await code(alice).waitFor();
  const picture = await code(alice).screenshot();
  await alice.closeDialog();
  dave = await Person.arrive(browser, 'dave');
  await dave.page.goto(relay.origin);
  await dave.button(en.scan.invitation).click();
  await dave.dialog.getByText(en.scan.refused).waitFor();
  const chooser = dave.dialog.locator('input[type=file]');
  await chooser.setInputFiles({
    name: 'empty.png',
    mimeType: 'image/png',
    buffer: Buffer.from('no picture')
  });
  await dave.dialog.getByText(en.scan.empty).waitFor();
  await chooser.setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
  await dave.dialog.waitFor({ state: 'detached' });
  await dave.page.getByText(new URL(relay.origin).host).waitFor();
  await dave.context.close();
  dave = undefined;
});

test('the right safety number before the camera verifies, another one warns', async () => {
  await alice.createGroup('harbour', ['bob', 'carol']);
  await alice.write('welcome');
  for (const who of [bob, carol]) {
    await who.open('harbour');
    await who.sees('welcome');
    await who.button(en.chat.details).click();
    await who.button(`${en.contact.verify}: ${who === bob ? 'carol' : 'alice'}`).click();
    await code(who).waitFor();
  }
  await camera.seeCode(code(bob)); // bob shows the number that he shares with carol
  await alice.button(en.chat.details).click();
  await alice.button(`${en.contact.verify}: carol`).click();
  await alice.button(en.scan.number).click();
  await alice.page.getByText(en.contact.differs).waitFor();
  expect(await alice.page.getByText(en.contact.verified, { exact: true }).count()).toBe(0);
  await camera.seeCode(code(carol)); // and she the one with alice
  await alice.button(en.scan.number).click();
  await alice.page.getByText(en.contact.verified, { exact: true }).first().waitFor();
  expect(await alice.page.getByText(en.contact.differs).count()).toBe(0);
  await alice.button(en.action.back).click();
  for (const who of [bob, carol]) await who.button(en.action.back).click();
});

test('only administrators manage a group, and the last one is told', async () => {
  expect(await menuOf(bob, 'carol')).toEqual([en.contact.write, en.contact.block]);
  await bob.page.keyboard.press('Escape');
  expect(await bob.button(en.group.add).isDisabled()).toBe(true);
  expect(await bob.page.getByLabel(en.group.name).count()).toBe(0);
  await choose(alice, 'bob', en.group.promote);
  await bob.page
    .getByRole('log')
    .getByText(/^alice made (bob|you) administrator$/u)
    .waitFor();
  expect(await menuOf(bob, 'carol')).toContain(en.action.remove);
  await bob.page.keyboard.press('Escape');
  await choose(bob, 'alice', en.group.demote);
  await bob.button(en.action.leave).click();
  await bob.page.getByText(en.group.lastAdmin).waitFor();
  await bob.button(en.action.cancel).click();
  expect(await menuOf(alice, 'carol')).toEqual([en.contact.write, en.contact.block]);
  await alice.page.keyboard.press('Escape');
  for (const who of [alice, bob, carol]) await who.button(en.action.close).click();
});

test('what nobody looks at is announced, as much of it as one chose', async () => {
  await bob.open('carol');
  await alice.write('unannounced');
  await expect.poll(() => bob.page.title()).toBe('(1) Bulle');
  expect(await notices(bob)).toEqual([]);
  await bob.button(en.settings.title).click();
  await bob.dialog.getByLabel(en.notices.title).selectOption({ label: en.notices.text });
  await bob.closeDialog();
  await alice.write('the ferry is late');
  await expect
    .poll(() => notices(bob))
    .toMatchObject([{ title: 'alice (harbour)', body: 'the ferry is late' }]);
  await expect.poll(() => badge(bob)).toBe(2);
  await bob.page.evaluate(() => (globalThis as unknown as { kept: Shown[] }).kept[0]?.onclick?.());
  await bob.page.getByRole('heading', { level: 1, name: 'harbour', exact: true }).waitFor();
  await bob.sees('the ferry is late');
  await expect.poll(() => badge(bob)).toBe(0);
  await expect.poll(() => bob.page.title()).toBe('Bulle');
});

test('neither what one looks at nor what was muted is announced', async () => {
  await alice.write('while you look');
  await bob.sees('while you look');
  await bob.button(en.chat.details).click();
  await bob.page.getByLabel(en.notices.mute).check();
  await bob.button(en.action.close).click();
  await bob.open('carol');
  await alice.write('while you do not');
  await bob.list.getByText('while you do not').waitFor();
  expect(await bob.page.title()).toBe('Bulle'); // nor counted
  await carol.open('bob');
  await carol.write('you see this');
  await bob.sees('you see this');
  await bob.open('harbour');
  await carol.write('but not this');
  await expect.poll(() => notices(bob)).toMatchObject([{ title: 'carol', body: 'but not this' }]);
  await expect.poll(() => bob.page.title()).toBe('(1) Bulle');
});

test('who is blocked is not announced, and not shown unless asked for', async () => {
  await bob.button(en.chat.details).click();
  await choose(bob, 'carol', en.contact.block);
  await bob.button(en.action.close).click();
  await carol.open('harbour');
  await carol.write('you cannot hear me');
  await alice.sees('you cannot hear me');
  const hidden = bob.button(en.contact.hidden('carol'));
  await hidden.waitFor();
  expect(await bob.message('you cannot hear me').count()).toBe(0);
  await hidden.click();
  await bob.sees('you cannot hear me');
  await bob.open('alice');
  await carol.write('nor this');
  await alice.sees('nor this');
  await bob.button(en.settings.title).click();
  await bob.dialog.getByRole('button', { name: en.contact.unblock }).click();
  await bob.closeDialog();
  await bob.open('harbour');
  await bob.sees('nor this');
  expect((await notices(bob)).map((n) => n.body)).toEqual(['but not this']);
});

test('nobody complained', () => {
  expect([...alice.troubles, ...bob.troubles, ...carol.troubles]).toEqual([]);
});
