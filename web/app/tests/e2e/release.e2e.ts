// The app proves itself: after the first use the browser takes nothing that the release key did not sign, and needs no
// relay to show its shell.
import { createHash, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { en } from '../../src/lib/text/en';
import { launch, scratch } from '../support/browser';
import { canDriveFirefox, launchFirefoxProfile } from '../support/firefox';
import { Person } from '../support/person';
import { Relay } from '../support/relay';

let folder: string;
let remove: () => Promise<void>;
let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  process.env['PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS'] = '1'; // routes see what the service worker fetches
  [folder, remove] = await scratch();
  relay = await Relay.start(folder);
  // A browser gives no service worker to a relay whose certificate it does not trust; this one is told to.
  const certificate = new X509Certificate(await readFile(path.join(folder, 'relay', 'tls.pem')));
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  browser = await launch(
    `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`
  );
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
  await remove();
});

/** Takes a file of the app as text, before there is a service worker. */
async function take(page: Page, file: string): Promise<{ body: string; headers: Record<string, string> }> {
  const answer = await page.goto(`${relay.origin}/${file}`);
  const body = (await answer?.text()) ?? '';
  const headers = answer?.headers() ?? {};
  delete headers['content-encoding'];
  delete headers['content-length'];
  return { body, headers };
}

test('what was verified stays, whatever the relay does afterwards', async () => {
  const context = await browser.newContext({ locale: 'en-GB', ignoreHTTPSErrors: true });
  const ada = new Person('Ada', context, await context.newPage());
  const { page } = ada;
  const files = ['index.html', 'app.manifest'];
  const served = [];
  for (const file of files) served.push({ file, ...(await take(page, file)) });
  await ada.enrol(relay.claim);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);

  await page.reload();
  const locked = page.getByRole('button', { name: en.unlock.open });
  const refused = page.getByText(en.release.refused);
  await locked.waitFor();
  expect(await refused.count()).toBe(0);

  // A changed byte is never run, and the page says so.
  for (const { file, body, headers } of served) {
    let asked = 0;
    await context.route(`${relay.origin}/${file}`, (route) => {
      asked++;
      return route.fulfill({ headers, body: body.replace('e', 'f') });
    });
    await page.reload();
    await locked.waitFor();
    await refused.waitFor();
    expect(asked).toBeGreaterThan(0);
    await context.unrouteAll({ behavior: 'wait' });
  }

  // Nothing that is not listed is shown, whatever the relay has there.
  expect((await page.goto(`${relay.origin}/evil.html`))?.fromServiceWorker()).toBe(true);

  // No relay: the shell is there, and the vault opens.
  await relay.stop();
  await page.goto(relay.origin);
  await ada.unlock();
  await ada.list.waitFor();
  await context.close();
});

test.skipIf(!canDriveFirefox)(
  'Firefox, too, shows the shell and opens the vault with the relay down',
  async () => {
    const own = path.join(folder, 'of-firefox');
    const other = await Relay.start(own);
    const authority = await readFile(path.join(other.data, 'authority.pem'), 'utf8');
    const root = path.join(own, 'root.pem');
    await writeFile(root, authority.slice(authority.lastIndexOf('-----BEGIN')));
    // without an exception for its certificate: a service worker is given to none that needs one
    const context = await launchFirefoxProfile(path.join(own, 'profile'), root, { locale: 'en-GB' });
    const ada = new Person('Ada', context, context.pages()[0] ?? (await context.newPage()));
    await ada.enrol(other.claim);
    await ada.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await other.stop();
    await ada.page.goto(other.origin);
    await ada.unlock();
    await ada.list.waitFor();
    const answer = await ada.page.goto(`${other.origin}/evil.html`);
    expect(answer?.status(), 'the service worker answers, for nobody else is there').toBe(404);
    expect(ada.troubles).toEqual([]);
    await context.close();
  }
);
