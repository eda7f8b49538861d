import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import { executablePath, flags } from './browser';

export const run = promisify(execFile);

/** A browser that believes what its person installed and nothing else: it warns as a member's does. */
export async function strict(
  home: string,
  certificate: string | undefined,
  ...more: string[]
): Promise<Browser> {
  const store = path.join(home, '.pki', 'nssdb');
  await mkdir(store, { recursive: true });
  await run('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
  if (certificate !== undefined) {
    await run('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'bulle', '-i', certificate]);
  }
  const args = [...flags.filter((flag) => flag !== '--ignore-certificate-errors'), ...more];
  return chromium.launch({ executablePath, args, env: { ...process.env, HOME: home } });
}

/** Signs a certificate for name with what a thief finds in a relay's authority.pem; returns key and chain, in PEM. */
export async function forge(
  folder: string,
  authority: string,
  name: string
): Promise<{ key: string; cert: string }> {
  const [key = '', intermediate = ''] =
    authority.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/gu) ?? [];
  const file = (suffix: string): string => path.join(folder, `${name}.${suffix}`);
  await writeFile(file('ca.key'), key);
  await writeFile(file('ca.crt'), intermediate);
  await writeFile(
    file('ext'),
    `subjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n`
  );
  await run('openssl', [
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', '/CN=thief', '-keyout', file('key'), '-out', file('csr')]
  ]);
  const { stdout } = await run('openssl', [
    ...['x509', '-req', '-in', file('csr'), '-CA', file('ca.crt'), '-CAkey', file('ca.key')],
    ...['-set_serial', '7', '-days', '30', '-extfile', file('ext')]
  ]);
  const own = await run('openssl', ['pkey', '-in', file('key')]);
  return { key: own.stdout, cert: stdout + intermediate };
}
