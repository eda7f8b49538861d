// The signed list of the app's files, as web/manifest writes it: text of exactly one form.

/** What the release key signed, and only that: nothing unverified has this type. */
export interface Manifest {
  readonly release: number;
  /** The key that signed, in hexadecimal. Whether it is the right one is for the caller to say. */
  readonly key: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** By path, below the page's own address. */
  readonly files: ReadonlyMap<string, AppFile>;
}

export interface AppFile {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  /** SHA-256 in hexadecimal. */
  readonly sum: string;
}

export type Bytes = Uint8Array<ArrayBuffer>;

/** Why something that the relay offers is not taken. */
export type Reason = 'malformed' | 'signature' | 'key' | 'older' | 'changed';

export class Refused extends Error {
  constructor(readonly reason: Reason) {
    super(`the app that the relay offers is refused: ${reason}`);
    this.name = 'Refused';
  }
}

export const manifestName = 'app.manifest';

const maxText = 64 << 10;
const maxFiles = 256;
const maxHeaders = 32;
const maxLine = 1024;
const maxSize = 64 << 20;

const head = /^bulle app 1\nrelease ([1-9][0-9]{0,15})\nbuild (?:release|development)\nkey ([0-9a-f]{64})\n/u;
const header = /^header ([A-Za-z][A-Za-z0-9-]*): ([!-~](?:[ -~]*[!-~])?)$/u;
const file =
  /^file ([0-9a-f]{64}) (0|[1-9][0-9]{0,7}) [0-9a-f]{64} (0|[1-9][0-9]{0,7}) ((?:[\w-][\w.-]*\/)*[\w-][\w.-]*) ([!-~](?:[ -~]*[!-~])?)$/u;
const tail = /\nsignature ([0-9a-f]{128})\n$/u;

/** Returns the manifest that text is, if it is signed by the key that it names. Throws [Refused] if not. */
export async function openManifest(text: Bytes, subtle: SubtleCrypto): Promise<Manifest> {
  const words = text.length <= maxText ? new TextDecoder('latin1').decode(text) : '';
  const signature = tail.exec(words)?.[1];
  if (signature === undefined) throw new Refused('malformed');
  const signed = words.length - `signature ${signature}\n`.length;
  const manifest = parse(words.slice(0, signed));
  const key = await subtle.importKey('raw', fromHex(manifest.key), 'Ed25519', false, ['verify']);
  const genuine = await subtle.verify('Ed25519', key, fromHex(signature), text.subarray(0, signed));
  if (!genuine) throw new Refused('signature');
  return manifest;
}

function parse(words: string): Manifest {
  const [start, release, key] = head.exec(words) ?? [];
  if (start === undefined || release === undefined || key === undefined) throw new Refused('malformed');
  const headers: [string, string][] = [];
  const files = new Map<string, AppFile>();
  let last = '';
  for (const line of words.slice(start.length, -1).split('\n')) {
    const h = header.exec(line);
    const f = file.exec(line);
    const name = h?.[1] ?? f?.[4] ?? '';
    if (f && files.size === 0) last = '';
    if (line.length >= maxLine || name <= last || (h && files.size > 0)) throw new Refused('malformed');
    last = name;
    if (h) headers.push([name, h[2] ?? '']);
    else if (f) files.set(name, { path: name, type: f[5] ?? '', size: Number(f[2]), sum: f[1] ?? '' });
    if (
      name === manifestName ||
      name.endsWith('.br') ||
      Number(f?.[2] ?? 0) > maxSize ||
      Number(f?.[3] ?? 0) > maxSize
    )
      throw new Refused('malformed');
  }
  const number = Number(release);
  if (
    files.size === 0 ||
    files.size > maxFiles ||
    headers.length > maxHeaders ||
    !Number.isSafeInteger(number)
  )
    throw new Refused('malformed');
  return { release: number, key, headers, files };
}

function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../gu) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** SHA-256 in hexadecimal. */
export async function sumOf(bytes: Bytes, subtle: SubtleCrypto): Promise<string> {
  const sum = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(sum, (b) => b.toString(16).padStart(2, '0')).join('');
}
