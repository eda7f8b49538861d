import { manifestName, sumOf, type AppFile, type Bytes, type Manifest } from './manifest';

/** What the shelf needs of the browser's Cache Storage; tests put a map in its place. */
export type Boxes = Pick<CacheStorage, 'open' | 'delete' | 'keys'>;

const index = 'bulle-app-1';
const previous = 'previous.manifest';

/**
 * The verified files, in the browser's Cache Storage: a box for each release, and an index that holds the manifests
 * of the present release and of the one before, whose pages may still be open. A release is complete in its box before
 * the index names it.
 */
export class Shelf {
  constructor(
    private readonly boxes: Boxes,
    private readonly scope: string,
    private readonly subtle: SubtleCrypto
  ) {}

  /** The text of the present manifest, undefined before the first use. */
  current(): Promise<Bytes | undefined> {
    return this.noted(manifestName);
  }

  /** A file of the present release, else of the one before. */
  async file(path: string): Promise<Response | undefined> {
    for (const name of [manifestName, previous]) {
      const text = await this.noted(name);
      if (!text) continue;
      const box = await this.boxes.open(await this.boxOf(text));
      const found = await box.match(this.url(path));
      if (found) return found;
    }
    return undefined;
  }

  /** Puts a file that was verified into the box of a release that is not yet present. */
  async add(text: Bytes, manifest: Manifest, file: AppFile, bytes: Bytes): Promise<void> {
    const box = await this.boxes.open(await this.boxOf(text));
    const headers = new Headers(manifest.headers.map(([name, value]): [string, string] => [name, value]));
    headers.set('Content-Type', file.type);
    await box.put(this.url(file.path), new Response(bytes, { headers }));
  }

  /** Makes a complete release the present one, and throws away all but the one before. */
  async accept(text: Bytes): Promise<void> {
    const old = await this.current();
    const box = await this.boxes.open(index);
    const present = await this.boxOf(text);
    const before = old && (await this.boxOf(old));
    if (old && before !== present) await box.put(this.url(previous), new Response(old));
    await box.put(this.url(manifestName), new Response(text));
    const earlier = await this.noted(previous);
    const kept = [index, present, earlier && (await this.boxOf(earlier))];
    for (const name of await this.boxes.keys()) {
      if (name.startsWith(index) && !kept.includes(name)) await this.boxes.delete(name);
    }
  }

  private async noted(name: string): Promise<Bytes | undefined> {
    const box = await this.boxes.open(index);
    const note = await box.match(this.url(name));
    return note && new Uint8Array(await note.arrayBuffer());
  }

  private async boxOf(text: Bytes): Promise<string> {
    return `${index}-${await sumOf(text, this.subtle)}`;
  }

  private url(path: string): string {
    return new URL(path, this.scope).href;
  }
}
