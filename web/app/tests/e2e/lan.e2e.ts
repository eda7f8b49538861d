// A network without internet: who installed the relay's own authority sees no warning, and nobody who steals the
// authority can use it against them.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratch } from '../support/browser';
import { Person } from '../support/person';
import { Relay } from '../support/relay';
import { forge, strict } from '../support/trust';

const here = '--host-resolver-rules=MAP *.local 127.0.0.1, MAP bank.example 127.0.0.1';
let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let origin: string;
let browser: Browser;
let authority: string;

/** A port that is free now: links carry it, so that it has to be known before the relay starts. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

beforeAll(async () => {
  [folder, remove] = await scratch();
  const port = await freePort();
  relay = await Relay.start(folder, '--listen', `127.0.0.1:${port}`, '--address', `bulle.local:${port}`);
  origin = relay.origin;
  expect(origin).toBe(`https://bulle.local:${port}`);
  authority = await readFile(path.join(relay.data, 'authority.pem'), 'utf8');
  const root = authority.slice(authority.lastIndexOf('-----BEGIN'));
  expect(new X509Certificate(root).fingerprint256).toBe(relay.authority);
  await writeFile(path.join(folder, 'root.pem'), root);
  browser = await strict(path.join(folder, 'home'), path.join(folder, 'root.pem'), here);
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

test('without the authority the browser warns', async () => {
  const stranger = await strict(path.join(folder, 'stranger'), undefined, here);
  const page = await stranger.newPage();
  await expect(page.goto(origin)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
  await stranger.close();
});

test('with it the app opens, keeps a service worker and talks to the relay', async () => {
  const context = await browser.newContext({ locale: 'en-GB' });
  const ada = new Person('Ada', context, await context.newPage());
  await ada.enrol(relay.claim);
  await ada.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  expect(await ada.page.evaluate(() => window.isSecureContext)).toBe(true);
  await context.close();
});

test('the guide shows the fingerprint that the relay printed, in both languages', async () => {
  for (const locale of ['en-GB', 'fr-FR']) {
    const context = await browser.newContext({ locale });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(`${origin}/ca`);
    const groups = await page.locator('.fingerprint code').allTextContents();
    expect(groups.join(':')).toBe(relay.authority);
    expect(await page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2));
    expect(await page.locator('details[open]').getAttribute('id')).toBe('linux');
    expect(complaints).toEqual([]);
    await context.close();
  }
});

test('a stolen authority speaks for nobody else', async () => {
  const page = await browser.newPage();
  for (const [name, believed] of [
    ['x.bulle.local', true], // else what follows proves nothing
    ['bank.example', false],
    ['other.local', false]
  ] as const) {
    const server = createServer(await forge(folder, authority, name), (_, answer) => answer.end('forged'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const visit = page.goto(`https://${name}:${(server.address() as AddressInfo).port}/`);
    if (believed) await visit;
    else await expect(visit).rejects.toThrow('ERR_CERT_');
    server.closeAllConnections();
    server.close();
  }
  await page.close();
});
