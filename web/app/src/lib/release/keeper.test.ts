import { beforeEach, expect, it } from 'vitest';
import { Keeper } from './keeper';
import { sumOf, type Bytes } from './manifest';
import { Shelf, type Boxes } from './shelf';

const subtle = crypto.subtle;
const scope = 'https://relay.example:8443/';

function bytes(text: string): Bytes {
  return new TextEncoder().encode(text);
}

function hex(b: ArrayBuffer): string {
  return Buffer.from(b).toString('hex');
}

/** Cache Storage in a map. */
function fakeBoxes(): Boxes & { all: Map<string, Map<string, Response>> } {
  const all = new Map<string, Map<string, Response>>();
  const open = (name: string): Promise<Cache> => {
    const box = all.get(name) ?? new Map<string, Response>();
    all.set(name, box);
    return Promise.resolve({
      match: (url: string) => Promise.resolve(box.get(url)?.clone()),
      put: (url: string, answer: Response) => Promise.resolve(void box.set(url, answer))
    } as unknown as Cache);
  };
  return {
    all,
    open,
    delete: (name) => Promise.resolve(all.delete(name)),
    keys: () => Promise.resolve([...all.keys()])
  };
}

/** A relay with a release key, and what it serves. */
class FakeRelay {
  readonly served = new Map<string, Bytes>();
  readonly asked: string[] = [];
  down = false;

  private constructor(private readonly key: CryptoKeyPair) {}

  static async start(): Promise<FakeRelay> {
    return new FakeRelay(await subtle.generateKey('Ed25519', true, ['sign', 'verify']));
  }

  async publish(release: number, files: Record<string, string>): Promise<void> {
    this.served.clear();
    const key = hex(await subtle.exportKey('raw', this.key.publicKey));
    let text = `bulle app 1\nrelease ${release}\nbuild release\nkey ${key}\nheader X-Content-Type-Options: nosniff\n`;
    for (const path of Object.keys(files).sort()) {
      const content = bytes(files[path] ?? '');
      this.served.set(path, content);
      text += `file ${await sumOf(content, subtle)} ${content.length} ${'0'.repeat(64)} 0 ${path} text/html; charset=utf-8\n`;
    }
    const signature = await subtle.sign('Ed25519', this.key.privateKey, bytes(text));
    this.served.set('app.manifest', bytes(`${text}signature ${hex(signature)}\n`));
  }

  get = (path: string, cache: RequestCache): Promise<Bytes | undefined> => {
    this.asked.push(`${path} ${cache}`);
    return this.down ? Promise.reject(new TypeError('no network')) : Promise.resolve(this.served.get(path));
  };
}

const one = { 'index.html': 'first page', 'assets/core-1.wasm': 'first core', 'service-worker.js': 'worker' };
const two = {
  'index.html': 'second page',
  'assets/core-2.wasm': 'second core',
  'service-worker.js': 'worker'
};

let relay: FakeRelay;
let boxes: ReturnType<typeof fakeBoxes>;
const keeper = (from = relay): Keeper => new Keeper(new Shelf(boxes, scope, subtle), from.get, subtle);
const page = async (path = ''): Promise<string> => {
  const answer = await keeper().answer(path);
  return answer.ok ? answer.text() : String(answer.status);
};

beforeEach(async () => {
  relay = await FakeRelay.start();
  boxes = fakeBoxes();
  await relay.publish(1, one);
});

it('takes the first release and serves it with the relay down', async () => {
  expect(await keeper().check(true)).toEqual({ result: 'same' });
  relay.down = true;
  expect(await keeper().check(false)).toEqual({ result: 'unreachable' });
  expect(await page()).toBe('first page');
  expect(await page('assets/core-1.wasm')).toBe('first core');
  expect(await page('unknown.html')).toBe('404');
  const answer = await keeper().answer('index.html');
  expect(Object.fromEntries(answer.headers)).toEqual({
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff'
  });
});

it('takes a newer release and keeps the one before for pages that are open', async () => {
  await keeper().check(true);
  await relay.publish(2, two);
  expect(await keeper().check(false)).toEqual({ result: 'new' });
  expect(await page()).toBe('second page');
  expect(await page('assets/core-1.wasm')).toBe('first core');
  await relay.publish(3, { 'index.html': 'third page' });
  expect(await keeper().check(false)).toEqual({ result: 'new' });
  expect(await page('assets/core-1.wasm')).toBe('404');
  expect(boxes.all.size).toBe(3);
});

it('takes another build of the same release by the same key', async () => {
  await keeper().check(true);
  await relay.publish(1, two);
  expect(await keeper().check(false)).toEqual({ result: 'new' });
});

const spoilt: Record<string, [reason: string, spoil: () => Promise<void>]> = {
  'a changed byte of a file that is loaded first': [
    'changed',
    () => Promise.resolve(void relay.served.set('index.html', bytes('first pagf')))
  ],
  'a changed byte of an asset of a newer release': [
    'changed',
    async () => {
      await relay.publish(2, two);
      relay.served.set('assets/core-2.wasm', bytes('second corf'));
    }
  ],
  'a missing file': [
    'changed',
    async () => {
      await relay.publish(2, two);
      relay.served.delete('assets/core-2.wasm');
    }
  ],
  'an older release': ['older', () => relay.publish(1, { ...two })],
  'another key': [
    'key',
    async () => {
      const other = await FakeRelay.start();
      await other.publish(9, two);
      for (const [path, content] of other.served) relay.served.set(path, content);
    }
  ],
  'a wrong signature': [
    'signature',
    () => {
      const text = Buffer.from(relay.served.get('app.manifest') ?? []).toString();
      return Promise.resolve(
        void relay.served.set('app.manifest', bytes(text.replace('release 2', 'release 3')))
      );
    }
  ],
  'no manifest': ['malformed', () => Promise.resolve(void relay.served.delete('app.manifest'))]
};
for (const [name, [reason, spoil]] of Object.entries(spoilt)) {
  it(`refuses ${name}, and the earlier app stays`, async () => {
    await relay.publish(2, one);
    await keeper().check(true);
    await spoil();
    expect(await keeper().check(false)).toEqual({ result: 'refused', reason });
    expect(await page()).toBe('first page');
    expect(await page('assets/core-1.wasm')).toBe('first core');
  });
}

it('finds a changed asset under the same manifest when it looks at the whole', async () => {
  await keeper().check(true);
  relay.served.set('assets/core-1.wasm', bytes('first corf'));
  expect(await keeper().check(true)).toEqual({ result: 'refused', reason: 'changed' });
  expect(await page('assets/core-1.wasm')).toBe('first core');
});

it('asks the relay itself before it blames a file', async () => {
  const damaged = (path: string, cache: RequestCache): Promise<Bytes | undefined> =>
    cache === 'default' ? Promise.resolve(bytes('damaged')) : relay.get(path, cache);
  const careful = new Keeper(new Shelf(boxes, scope, subtle), damaged, subtle);
  expect(await careful.check(true)).toEqual({ result: 'same' });
  expect(relay.asked).toContain('assets/core-1.wasm reload');
});

it('installs nothing of a first release that does not fit', async () => {
  relay.served.set('index.html', bytes('first pagf'));
  expect(await keeper().check(true)).toEqual({ result: 'refused', reason: 'changed' });
  expect(await page()).toBe('404');
});
