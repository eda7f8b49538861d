import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openManifest, Refused, sumOf, type Bytes } from './manifest';

const subtle = crypto.subtle;

function bytes(text: string): Bytes {
  return new TextEncoder().encode(text);
}

// The same bytes as the Go package's.
const golden = new Uint8Array(readFileSync('../manifest/testdata/1.manifest'));

it('reads what the Go code signed', async () => {
  const m = await openManifest(golden, subtle);
  expect(m.release).toBe(3);
  expect(m.headers[0]?.[0]).toBe('Content-Security-Policy');
  expect([...m.files.keys()]).toEqual(['assets/core.wasm', 'index.html']);
  expect(m.files.get('index.html')?.sum).toBe(await sumOf(bytes('page'), subtle));
});

it('refuses every changed bit', async () => {
  for (let i = 0; i < golden.length; i++) {
    const text = golden.slice();
    text[i] = (text[i] ?? 0) ^ (1 << (i % 8));
    await expect(openManifest(text, subtle)).rejects.toBeInstanceOf(Refused);
  }
});

it('refuses other forms', async () => {
  const text = Buffer.from(golden).toString();
  const signature = text.slice(text.indexOf('signature'));
  const others = [
    '',
    text.trimEnd(),
    `${text}\n`,
    text + signature,
    text.replace('app 1', 'app 2'),
    text.replace('release 3', 'release 03'),
    text.replace('key ea', 'key EA'),
    text.replaceAll('\n', '\r\n'),
    text.replace('build', 'note x\nbuild'),
    text.replace(' index.html', ' ../index.html'),
    text.replace(/(file .*\n)(file .*\n)/u, '$2$1'),
    text.replace('nosniff', 'n'.repeat(1024)),
    ' '.repeat((64 << 10) + 1)
  ];
  for (const other of others) {
    await expect(openManifest(bytes(other), subtle)).rejects.toThrow('malformed');
  }
});
