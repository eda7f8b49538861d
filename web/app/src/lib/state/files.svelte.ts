import type { Caller } from '$lib/core/core';
import type { Message, Transfer } from '$lib/core/generated/api';
import { codeOf } from './session.svelte';

/** A file on its way, and how fast it goes. */
export interface Moving extends Transfer {
  /** Bytes a second, smoothed; 0 while nobody knows. */
  rate: number;
}

/** A file in the browser's memory. The address is revoked when the file is closed. */
export interface Opened {
  file: Blob;
  url: string;
  /** It is a picture that the page may show. */
  picture: boolean;
}

/** What the files need of the browser; tests have their own. */
export interface Shelf {
  save: (name: string, file: Blob) => void;
  address: (file: Blob) => string;
  revoke: (url: string) => void;
  now: () => number;
}

const settling = 400; // milliseconds over which a rate is measured

/** The files of one open conversation: what moves, and what is open. */
export class FilesState {
  moving = $state.raw<Readonly<Record<string, Moving>>>({});
  failure = $state('');
  /** Of which message that is. */
  failed = $state('');

  /* eslint-disable svelte/prefer-svelte-reactivity -- nothing on the screen depends on these */
  private readonly opened = new Map<string, Promise<Opened | undefined>>();
  private readonly measured = new Map<string, { at: number; done: number }>();
  private readonly last = new Map<string, Transfer>();
  /** Downloads that wait for the relay; each is told whether it goes on. */
  private readonly interrupted = new Map<string, (goesOn: boolean) => void>();
  /* eslint-enable svelte/prefer-svelte-reactivity */
  private readonly stops: (() => void)[] = [];
  /** How often the relay was heard to be there. */
  private returns = 0;

  constructor(
    private readonly core: Caller,
    readonly conversation: string,
    private readonly shelf: Shelf
  ) {}

  async start(): Promise<void> {
    this.stops.push(
      this.core.on('transfer', (t) => {
        if (t.conversation === this.conversation) this.put(t);
      }),
      this.core.on('status', (s) => {
        if (s.state !== 'online') return;
        this.returns++;
        for (const id of [...this.interrupted.keys()]) this.release(id, true);
      })
    );
    try {
      const { transfers } = await this.core.call('transfers', { id: this.conversation });
      for (const t of transfers) this.put(t);
    } catch (failure) {
      this.failure = codeOf(failure);
    }
  }

  /** Forgets every file that is open. */
  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    for (const id of [...this.interrupted.keys()]) this.release(id, false);
    for (const id of [...this.opened.keys()]) this.close(id);
  }

  async pause(message: string): Promise<void> {
    const t = this.moving[message];
    if (!t) return;
    await this.attempt(message, () => this.core.call('pauseTransfer', { ...key(t), paused: true }));
    this.release(message, false);
  }

  /** Lets a file go on. A download is asked for again, and goes on where it was. */
  async resume(m: Message): Promise<void> {
    const t = this.moving[m.id];
    if (t?.upload === true)
      await this.attempt(m.id, () => this.core.call('pauseTransfer', { ...key(t), paused: false }));
    else await this.save(m);
  }

  async cancel(message: string): Promise<void> {
    const t = this.moving[message];
    if (t) await this.attempt(message, () => this.core.call('cancelTransfer', key(t)));
    this.release(message, false);
  }

  /** Gives a message whose file was gone the same file again. */
  again(message: string, file: File): Promise<boolean> {
    return this.attempt(message, () =>
      this.core.call('sendFileAgain', { conversation: this.conversation, message, file })
    );
  }

  /** Fetches a file and hands it to the browser's downloads. */
  async save(m: Message): Promise<void> {
    const name = m.file?.name ?? '';
    const opened = await this.open(m);
    if (!opened) return;
    this.shelf.save(name, opened.file);
    this.close(m.id);
  }

  /** Fetches a file into the browser's memory, once, until it is closed. */
  open(m: Message): Promise<Opened | undefined> {
    const present = this.opened.get(m.id);
    if (present) return present;
    const coming = this.fetch(m);
    this.opened.set(m.id, coming);
    void coming.then((opened) => {
      if (!opened && this.opened.get(m.id) === coming) this.opened.delete(m.id);
    });
    return coming;
  }

  close(message: string): void {
    const opened = this.opened.get(message);
    this.opened.delete(message);
    void opened?.then((o) => {
      if (o) this.shelf.revoke(o.url);
    });
  }

  private async fetch(m: Message): Promise<Opened | undefined> {
    for (;;) {
      const returns = this.returns;
      this.failure = '';
      try {
        const where = { conversation: this.conversation, message: m.id };
        const { file, picture } = await this.core.call('readFile', where);
        const typed = file.slice(0, file.size, picture || playable(m.file?.mediaType ?? ''));
        return { file: typed, url: this.shelf.address(typed), picture: picture !== '' };
      } catch (failure) {
        const code = codeOf(failure);
        if (code === 'unreachable') {
          // A relay may be back before it is known that what was asked of it is lost.
          if (returns !== this.returns || (await this.relayReturns(m))) continue;
        } else if (code !== 'paused' && code !== 'cancelled' && code !== 'busy') {
          this.failure = code;
          this.failed = m.id;
        }
        return undefined;
      }
    }
  }

  /** Shows a download as waiting until the relay is back; false when it was paused, given up or left. */
  private relayReturns(m: Message): Promise<boolean> {
    if (this.stops.length === 0) return Promise.resolve(false);
    const none = { conversation: this.conversation, message: m.id, upload: false, done: 0 };
    const reached = this.last.get(m.id) ?? { ...none, total: m.file?.size ?? 0 };
    this.put({ ...reached, state: 'waiting' });
    return new Promise((resolve) => this.interrupted.set(m.id, resolve));
  }

  private release(message: string, goesOn: boolean): void {
    const tell = this.interrupted.get(message);
    this.interrupted.delete(message);
    tell?.(goesOn);
  }

  private put(t: Transfer): void {
    this.last.set(t.message, t);
    if (t.state === 'ended') {
      this.measured.delete(t.message);
      this.moving = Object.fromEntries(Object.entries(this.moving).filter(([id]) => id !== t.message));
      return;
    }
    const now = this.shelf.now();
    const before = this.measured.get(t.message);
    const old = this.moving[t.message];
    const goesOn = t.state === 'moving' && old?.state === 'moving';
    let rate = goesOn ? old.rate : 0;
    if (!before || !goesOn || t.done < before.done) this.measured.set(t.message, { at: now, done: t.done });
    else if (now - before.at >= settling) {
      const measured = ((t.done - before.done) * 1000) / (now - before.at);
      rate = rate === 0 ? measured : 0.6 * rate + 0.4 * measured;
      this.measured.set(t.message, { at: now, done: t.done });
    }
    this.moving = { ...this.moving, [t.message]: { ...t, rate } };
  }

  private async attempt(message: string, work: () => Promise<unknown>): Promise<boolean> {
    this.failure = '';
    try {
      await work();
      return true;
    } catch (failure) {
      this.failure = codeOf(failure);
      this.failed = message;
      return false;
    }
  }
}

function key(t: Transfer): { conversation: string; message: string; upload: boolean } {
  return { conversation: t.conversation, message: t.message, upload: t.upload };
}

/** The type under which a file may be played; a page gets nothing under a type that is more than sound or film. */
function playable(type: string): string {
  return /^(audio|video)\/[\w.+-]+$/u.test(type) ? type : 'application/octet-stream';
}
