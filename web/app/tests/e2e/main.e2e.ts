// The main path, from an invitation link to a masked screen, in each browser. The people at the other end are the
// same for both: a founder in Chromium, and a terminal client. The tests of one browser go on from one another.
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { fr } from '../../src/lib/text/fr';
import { launch, scratch } from '../support/browser';
import { keepEvidence } from '../support/evidence';
import { canDriveFirefox, launchFirefox } from '../support/firefox';
import { leaks, setMask } from '../support/masked';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { Terminal } from '../support/terminal';

/** One browser's turn. */
interface Turn {
  readonly kind: string;
  readonly name: string;
  readonly start: () => Promise<Browser>;
  readonly missing: boolean;
  browser?: Browser;
  guest?: Person;
}

const turns: Turn[] = [
  { kind: 'chromium', name: 'bob', start: () => launch(), missing: false },
  { kind: 'firefox', name: 'dora', start: launchFirefox, missing: !canDriveFirefox }
];

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let home: Browser;
let alice: Person;
let carol: Terminal;
let invitation: string;

keepEvidence(() => [alice, ...turns.map((turn) => turn.guest)]);

beforeAll(async () => {
  [folder, remove] = await scratch();
  [relay, home] = await Promise.all([Relay.start(folder), launch()]);
  alice = await Person.arrive(home, 'alice');
  await alice.enrol(relay.claim);
  invitation = await alice.invite(1 + turns.length);
  carol = await Terminal.join(folder, 'carol', invitation);
});

afterAll(async () => {
  await home.close();
  await relay.stop();
  await remove();
});

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Who is at the browser of this turn. */
function guestOf(turn: Turn): Person {
  if (!turn.guest) throw new Error('the tests before this one did not bring anybody in');
  return turn.guest;
}

function browserOf(turn: Turn): Browser {
  if (!turn.browser) throw new Error(`${turn.kind} did not start`);
  return turn.browser;
}

/** Joining, and talking with everybody. */
function meets(turn: Turn): void {
  test('the first screen speaks the language of the browser', async () => {
    const visitor = await Person.arrive(browserOf(turn), 'visitor', 'fr-FR');
    await visitor.page.goto(invitation);
    await visitor.page.getByText(fr.welcome.invitation(relay.address)).waitFor();
    await visitor.context.close();
  });

  test('an invitation link makes a member', async () => {
    const guest = (turn.guest = await Person.arrive(browserOf(turn), turn.name));
    await guest.enrol(invitation);
    expect(guest.page.url(), 'the secret part of the link is gone').toBe(`${relay.origin}/`);
  });

  test('it talks with another browser, and with a terminal', async () => {
    const guest = guestOf(turn);
    await guest.open('alice');
    await guest.write('bonjour **Alice** 🌊');
    await guest.reaches('bonjour', 'delivered');
    await alice.open(turn.name);
    await alice.sees('bonjour Alice 🌊');
    await guest.reaches('bonjour', 'read');
    await guest.open('carol');
    await guest.write('ahoy');
    await carol.readUntil(turn.name, (line) => line.text === 'ahoy');
    await carol.send(turn.name, 'ahoy yourself');
    await guest.sees('ahoy yourself');
  });

  test('files go both ways, whole', async () => {
    const guest = guestOf(turn);
    const up = randomBytes(700_001);
    await guest.attach({ name: 'chart.bin', mimeType: 'application/octet-stream', buffer: up });
    const line = await carol.readUntil(turn.name, (l) => l.file?.name === 'chart.bin');
    expect(line.file?.sha256).toBe(digest(up));
    const down = randomBytes(300_007);
    await writeFile(path.join(folder, 'tide.bin'), down);
    await carol.send(turn.name, '--file', path.join(folder, 'tide.bin'));
    expect(digest(await guest.download('tide.bin'))).toBe(digest(down));
  });

  test('a group of three', async () => {
    const guest = guestOf(turn);
    await guest.createGroup(`harbour-${turn.kind}`, ['alice', 'carol']);
    await guest.write('welcome, both');
    await alice.open(`harbour-${turn.kind}`);
    await alice.sees('welcome, both');
    await carol.readUntil(`harbour-${turn.kind}`, (l) => l.text === 'welcome, both');
    await guest.reaches('welcome, both', 'read');
  });
}

/** What the device of one member does for its owner. */
function keeps(turn: Turn): void {
  test('its own language can be another than the browser’s', async () => {
    const guest = guestOf(turn);
    const choose = async (from: typeof en, language: string): Promise<void> => {
      await guest.button(from.list.settings).click();
      await guest.dialog.getByRole('combobox').first().selectOption(language);
      await guest.closeDialog();
      await guest.page.locator(`html[lang=${language}]`).waitFor({ state: 'attached' });
    };
    await choose(en, 'fr');
    await guest.button(fr.list.newGroup).waitFor();
    await guest.write('en français');
    await carol.readUntil(`harbour-${turn.kind}`, (line) => line.text === 'en français');
    await guest.message('en français').getByText(fr.state.read, { exact: true }).waitFor();
    await choose(fr, 'en');
    await guest.reaches('en français', 'read');
  });

  test('a masked screen shows none of it, but for a moment after a gesture', async () => {
    const guest = guestOf(turn);
    const words = ['harbour', 'welcome, both', 'alice'];
    expect(await leaks(guest.page, words)).toEqual(words);
    await setMask(guest.page, true, 45);
    const nothing = (): Promise<void> => expect.poll(() => leaks(guest.page, words)).toEqual([]);
    await nothing();
    await guest.page.getByRole('main').getByRole('button', { name: en.mask.open }).click();
    await guest.sees('welcome, both');
    await guest.page.keyboard.press('Escape');
    await nothing();
    await setMask(guest.page, false, 10);
    await guest.sees('welcome, both');
  });

  test('locking asks for the passphrase, and what was said is still there', async () => {
    const guest = guestOf(turn);
    await guest.lock();
    expect(await leaks(guest.page, ['welcome, both', 'harbour'])).toEqual([]);
    await guest.unlock('not the one that was chosen');
    await guest.page.getByText(en.error.passphrase).waitFor();
    await guest.unlock();
    await guest.connected();
    await guest.open(`harbour-${turn.kind}`);
    await guest.sees('welcome, both');
  });

  test('a reloaded page finds its vault, locked', async () => {
    const guest = guestOf(turn);
    await guest.page.reload();
    await guest.unlock();
    await guest.connected();
    await guest.open('alice');
    await guest.sees('bonjour Alice 🌊');
    await guest.write('still here');
    await alice.open(turn.name);
    await alice.sees('still here');
  });

  test('nobody complained, and nothing but the relay was asked for anything', () => {
    const guest = guestOf(turn);
    expect([...alice.troubles, ...guest.troubles]).toEqual([]);
    expect([...alice.elsewhere(relay.origin), ...guest.elsewhere(relay.origin)]).toEqual([]);
    expect(guest.requests.length).toBeGreaterThan(3);
  });
}

for (const turn of turns) {
  describe.skipIf(turn.missing)(`in ${turn.kind}`, () => {
    beforeAll(async () => {
      turn.browser = await turn.start();
    });

    afterAll(async () => {
      await turn.browser?.close();
    });

    meets(turn);
    keeps(turn);
  });
}
