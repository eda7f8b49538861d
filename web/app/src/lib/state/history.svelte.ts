import type { Caller } from '$lib/core/core';
import type { Message, Transfer } from '$lib/core/generated/api';
import { codeOf } from './session.svelte';

const pageSize = 60;

/** A message that quotes another one, with what that says now. The sealed keep what they have: it opens as their own. */
function requoted(m: Message, to: Message): Message {
  if (m.replyTo?.message !== to.id || m.sealed) return m;
  if (to.deleted) return { ...m, replyTo: { ...m.replyTo, fromName: '', text: '', gone: true } };
  return { ...m, replyTo: { ...m.replyTo, text: to.text === '' ? (to.file?.name ?? '') : to.text } };
}

/** The messages of one open conversation: the newest page first, earlier ones on demand. */
export class HistoryState {
  messages = $state.raw<Message[]>([]);
  transfers = $state.raw<Readonly<Record<string, Transfer>>>({});
  complete = $state(false);
  loading = $state(true);
  failure = $state('');

  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly core: Caller,
    readonly conversation: string
  ) {}

  async start(): Promise<void> {
    const mine = (m: Message): void => {
      if (m.conversation === this.conversation) this.put(m);
    };
    this.stops.push(
      this.core.on('message', mine),
      this.core.on('state', mine),
      this.core.on('gone', (m) => {
        if (m.conversation === this.conversation) this.drop(m.message);
      }),
      this.core.on('missed', () => void this.reload()),
      this.core.on('transfer', (t) => {
        if (t.conversation === this.conversation) this.transfers = { ...this.transfers, [t.message]: t };
      })
    );
    await this.reload();
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** Loads the page before the earliest message that is here. */
  async earlier(): Promise<void> {
    const first = this.messages[0];
    if (!first || this.complete || this.loading) return;
    await this.load(first.cursor, (page) => [...page, ...this.messages]);
  }

  async send(text: string, replyTo = ''): Promise<boolean> {
    return this.attempt(() => this.core.call('send', { conversation: this.conversation, text, replyTo }));
  }

  /** Answers a message with an emoji, or takes that back. */
  async react(message: string, emoji: string): Promise<boolean> {
    return this.attempt(() => this.core.call('react', { conversation: this.conversation, message, emoji }));
  }

  async edit(message: string, text: string): Promise<boolean> {
    return this.attempt(() => this.core.call('edit', { conversation: this.conversation, message, text }));
  }

  async delete(message: string, everyone: boolean): Promise<boolean> {
    return this.attempt(() =>
      this.core.call('delete', { conversation: this.conversation, message, everyone })
    );
  }

  async sendFile(file: File): Promise<boolean> {
    const plain = {
      replyTo: '',
      voice: false,
      width: 0,
      height: 0,
      duration: 0,
      preview: new Uint8Array()
    };
    return this.attempt(() =>
      this.core.call('sendFile', { conversation: this.conversation, caption: '', file, ...plain })
    );
  }

  async retry(message: string): Promise<boolean> {
    return this.attempt(() => this.core.call('retry', { conversation: this.conversation, message }));
  }

  async readFile(message: string): Promise<Blob | undefined> {
    let file: Blob | undefined;
    await this.attempt(async () => {
      file = (await this.core.call('readFile', { conversation: this.conversation, message })).file;
    });
    return file;
  }

  /** Tells the core that everything shown has been seen. */
  async markRead(): Promise<void> {
    const last = this.messages.at(-1);
    if (!last) return;
    await this.attempt(() =>
      this.core.call('markRead', { conversation: this.conversation, upto: last.cursor })
    );
  }

  private reload(): Promise<void> {
    // what came while the page was read is newer than the page
    return this.load(0, (page) => [
      ...page,
      ...this.messages.filter((m) => m.cursor > (page.at(-1)?.cursor ?? 0))
    ]);
  }

  private async load(before: number, join: (page: Message[]) => Message[]): Promise<void> {
    this.loading = true;
    await this.attempt(async () => {
      const page = await this.core.call('history', {
        conversation: this.conversation,
        before,
        limit: pageSize
      });
      this.complete = page.messages.length < pageSize;
      this.messages = join(page.messages);
    });
    this.loading = false;
  }

  /** Takes a message out that is deleted here or has expired. */
  private drop(id: string): void {
    const left = this.messages.filter((m) => m.id !== id);
    this.messages = left.map((m) =>
      m.replyTo?.message === id ? { ...m, replyTo: { ...m.replyTo, fromName: '', text: '', gone: true } } : m
    );
  }

  /** Takes a message in at its place; one from before the pages that are here comes with its own page. */
  private put(m: Message): void {
    const at = this.messages.findIndex((old) => old.id === m.id);
    if (at >= 0) this.messages = this.messages.with(at, m).map((other) => requoted(other, m));
    else if (this.complete || m.cursor > (this.messages[0]?.cursor ?? 0))
      this.messages = [...this.messages, m].sort((a, b) => a.cursor - b.cursor);
  }

  private async attempt(work: () => Promise<unknown>): Promise<boolean> {
    this.failure = '';
    try {
      await work();
      return true;
    } catch (failure) {
      this.failure = codeOf(failure);
      return false;
    }
  }
}
