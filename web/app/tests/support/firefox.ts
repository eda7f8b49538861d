import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { firefox, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core';
import { run } from './trust';

/** Where Debian puts its Firefox; tools/prepare installs it. */
export const firefoxPath = process.env['BULLE_E2E_FIREFOX'] ?? '/usr/bin/firefox-esr';

/** Whether it is there; CI must have it. */
export const canDriveFirefox = ((): boolean => {
  try {
    accessSync(firefoxPath, constants.X_OK);
    return true;
  } catch {
    if (process.env['CI'] !== undefined) throw new Error('firefox-esr is missing: run tools/prepare');
    return false;
  }
})();

/** Preferences that keep the browser from talking to anybody by itself. */
const preferences = {
  'app.update.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.dns.disablePrefetch': true,
  'network.prefetch-next': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.server': 'data:,'
};

const driven = { channel: 'moz-firefox', executablePath: firefoxPath };

/** What playwright-core keeps to itself of a browser that it drives by WebDriver BiDi. */
interface Inner {
  _connection: { toImpl(browser: Browser): { _browserSession: Session } };
}

interface Session {
  send(method: string, params: unknown): Promise<unknown>;
  emit(event: string, params: unknown): boolean;
}

/** Starts Debian's Firefox, as it is. The library calls this way of driving one "moz-firefox". */
export async function launchFirefox(): Promise<Browser> {
  const browser = await firefox.launch({ ...driven, firefoxUserPrefs: preferences });
  translate((browser as Browser & Inner)._connection.toImpl(browser)._browserSession);
  return browser;
}

/**
 * Starts it with a profile that stays when it is closed, and which writes down what a person's does. It believes
 * the certificate authority in that file, if one is named.
 */
export async function launchFirefoxProfile(
  profile: string,
  authority: string | undefined,
  more: BrowserContextOptions
): Promise<BrowserContext> {
  await mkdir(profile);
  await run('certutil', ['-d', `sql:${profile}`, '-N', '--empty-password']);
  if (authority !== undefined) {
    await run('certutil', ['-d', `sql:${profile}`, '-A', '-t', 'C,,', '-n', 'bulle', '-i', authority]);
  }
  await (await launchFirefox()).close(); // a profile's first page is made before it could be translated
  const firefoxUserPrefs = {
    ...preferences,
    'browser.sessionstore.resume_from_crash': true,
    'browser.sessionstore.interval': 500 // milliseconds after a change; a person's waits for 15 seconds
  };
  return firefox.launchPersistentContext(profile, { ...driven, firefoxUserPrefs, ...more });
}

/**
 * The library speaks to newer Firefoxes than Debian's. It begins every window with a command about media features
 * that this one does not know: it is answered here, and a page's theme stays the browser's own. And this
 * one gives downloads no number, without which the library passes over them: their address serves as one.
 */
function translate(session: Session): void {
  const sessions = Object.getPrototypeOf(session) as Session; // every page has one
  const send = Reflect.get(sessions, 'send');
  const emit = Reflect.get(sessions, 'emit');
  sessions.send = function (this: Session, method, params) {
    if (method === 'emulation.setMediaFeaturesOverride') return Promise.resolve({});
    return send.call(this, method, params);
  };
  sessions.emit = function (this: Session, event, params) {
    if (!event.startsWith('browsingContext.download')) return emit.call(this, event, params);
    const download = params as { url: string };
    return emit.call(this, event, { download: download.url, ...download });
  };
}
