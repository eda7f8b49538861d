import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian puts its chromium; tools/prepare installs it. */
export const executablePath = process.env['BULLE_E2E_CHROMIUM'] ?? '/usr/bin/chromium';

/** Flags that keep the browser from talking to anybody by itself. */
export const flags = [
  '--no-sandbox', // the tests run as root, where it cannot be had
  '--ignore-certificate-errors', // as one who trusts the relay's: a service worker takes no other
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

export function launch(...more: string[]): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...flags, ...more] });
}

/** A folder of this test, and the function that removes it. */
export async function scratch(): Promise<[folder: string, remove: () => Promise<void>]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bulle-web-'));
  return [folder, () => rm(folder, { recursive: true, force: true })];
}
