import {
  manifestName,
  openManifest,
  Refused,
  sumOf,
  type AppFile,
  type Bytes,
  type Manifest,
  type Reason
} from './manifest';
import type { Shelf } from './shelf';

/**
 * What came of looking at the relay: it has what is here, which may have come just now for the first time; it had
 * another release, which is here now; it could not be reached; or what it offers is refused, and what was here stays.
 */
export type Outcome =
  | { readonly result: 'same' | 'new' | 'unreachable' }
  | { readonly result: 'refused'; readonly reason: Reason };

/** Fetches a path of the relay. Resolves to undefined when the relay has nothing there; rejects when it cannot be reached. */
export type Get = (path: string, cache: RequestCache) => Promise<Bytes | undefined>;

/** Names under this folder carry a hash of their content. */
const hashed = 'assets/';

/**
 * Keeps the one app that the release key signed. The first key that it sees is the one that it believes from then on,
 * and it never goes back to an earlier release.
 */
export class Keeper {
  constructor(
    private readonly shelf: Shelf,
    private readonly get: Get,
    private readonly subtle: SubtleCrypto
  ) {}

  /**
   * Looks whether the relay has a newer release, and takes it. With the same manifest as before, the files that a
   * browser loads first are compared all the same; with whole, all of them.
   */
  async check(whole: boolean): Promise<Outcome> {
    try {
      return { result: await this.look(whole) };
    } catch (failure) {
      if (failure instanceof Refused) return { result: 'refused', reason: failure.reason };
      return { result: 'unreachable' };
    }
  }

  /** The answer to a request of the page: a verified file or nothing. */
  async answer(path: string): Promise<Response> {
    return (
      (await this.shelf.file(path === '' ? 'index.html' : path)) ??
      new Response('Bulle has no such page.', { status: 404 })
    );
  }

  private async look(whole: boolean): Promise<'same' | 'new'> {
    const text = await this.get(manifestName, 'no-cache');
    if (!text) throw new Refused('malformed');
    const offered = await openManifest(text, this.subtle);
    const known = await this.shelf.current();
    const same = known !== undefined && equal(text, known);
    if (known && !same) await this.compare(offered, known);
    const files = [...offered.files.values()];
    if (same && !whole) {
      for (const file of files) if (!file.path.startsWith(hashed)) await this.fetch(file);
      return 'same';
    }
    for (const file of files) await this.shelf.add(text, offered, file, await this.fetch(file));
    await this.shelf.accept(text);
    return known && !same ? 'new' : 'same';
  }

  private async compare(offered: Manifest, known: Bytes): Promise<void> {
    const present = await openManifest(known, this.subtle);
    if (offered.key !== present.key) throw new Refused('key');
    if (offered.release < present.release) throw new Refused('older');
  }

  /** Fetches a file. A copy in the browser's own cache may be damaged, so the relay is asked before it is blamed. */
  private async fetch(file: AppFile): Promise<Bytes> {
    const first: RequestCache = file.path.startsWith(hashed) ? 'default' : 'no-cache';
    for (const cache of [first, 'reload'] as const) {
      const bytes = await this.get(file.path, cache);
      if (bytes?.length === file.size && (await sumOf(bytes, this.subtle)) === file.sum) return bytes;
    }
    throw new Refused('changed');
  }
}

function equal(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
