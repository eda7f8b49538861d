import type { Caller } from '$lib/core/core';
import type { Look } from '$lib/platform/look';
import { codeOf } from './session.svelte';

/** What the tray needs of the browser: `platform/look`; tests have their own. */
export interface Eyes {
  look: (file: Blob) => Promise<Look>;
  /** The file without what was written into it, or undefined when that cannot be taken out. */
  clean: (file: File) => Promise<File | undefined>;
}

/** A file that is about to be sent. */
export interface Item {
  id: number;
  file: File;
  look: Look;
}

/** A picture of a kind that says where and with what it was taken, and can be made not to. */
export const cleanable = (file: File): boolean => /^image\/(jpeg|png|webp)$/u.test(file.type);

/** The files that a member has chosen, dropped or pasted, before they are sent. */
export class TrayState {
  items = $state.raw<Item[]>([]);
  /** Take place, time and camera out of the pictures. */
  clean = $state(true);
  busy = $state(false);
  failure = $state('');
  readonly cleanable = $derived(this.items.some((item) => cleanable(item.file)));

  private next = 1;

  constructor(
    private readonly core: Caller,
    private readonly conversation: string,
    private readonly eyes: Eyes
  ) {}

  /** Puts files in, in their order; their previews come when they are made. */
  async add(files: Iterable<File>): Promise<void> {
    const none: Look = { width: 0, height: 0, duration: 0, preview: new Uint8Array() };
    const added = [...files].map((file) => ({ id: this.next++, file, look: none }));
    this.items = [...this.items, ...added];
    for (const item of added) {
      const look = await this.eyes.look(item.file);
      this.items = this.items.map((old) => (old.id === item.id ? { ...old, look } : old));
    }
  }

  remove(id: number): void {
    this.items = this.items.filter((item) => item.id !== id);
  }

  empty(): void {
    this.items = [];
    this.failure = '';
  }

  /** Queues the files in their order, the caption with the first. What could not be queued stays here. */
  async send(caption: string, replyTo = ''): Promise<boolean> {
    this.busy = true;
    this.failure = '';
    try {
      for (const [i, item] of this.items.entries()) {
        const file = await this.ready(item);
        const first = i === 0 ? { caption, replyTo } : { caption: '', replyTo: '' };
        await this.core.call('sendFile', {
          conversation: this.conversation,
          ...first,
          file,
          voice: false,
          ...item.look
        });
        this.remove(item.id);
      }
      return true;
    } catch (failure) {
      this.failure = failure instanceof Uncleaned ? 'not-cleaned' : codeOf(failure);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** A picture that cannot be made to tell nothing is not sent as if it had been. */
  private async ready(item: Item): Promise<File> {
    if (!this.clean || !cleanable(item.file)) return item.file;
    const file = await this.eyes.clean(item.file);
    if (!file) throw new Uncleaned();
    return file;
  }
}

class Uncleaned extends Error {}
