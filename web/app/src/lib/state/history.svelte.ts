import type { Caller } from '$lib/core/core';
import type { Calls, Message } from '$lib/core/generated/api';
import { codeOf } from './session.svelte';
import type { Take } from './voice.svelte';

const pageSize = 100;

/** How many messages are kept at once: far from what is in sight, decrypted text is given up again. */
const kept = 5 * pageSize; // as much as the core gives at once

/** Where the screen is asked to go: an end of the history, or a message. */
export type Place = { to: 'end' } | { to: 'start' } | { to: 'message'; id: string };

/** A message that quotes another one, with what that says now. The sealed keep what they have: it opens as their own. */
function requoted(m: Message, to: Message): Message {
  if (m.replyTo?.message !== to.id || m.sealed) return m;
  if (to.deleted) return { ...m, replyTo: { ...m.replyTo, fromName: '', text: '', gone: true } };
  return { ...m, replyTo: { ...m.replyTo, text: to.text === '' ? (to.file?.name ?? '') : to.text } };
}

/**
 * One open conversation: a run of its messages without gaps, the newest ones at first. Scrolling and jumping
 * move the run; it never grows beyond [kept].
 */
export class HistoryState {
  messages = $state.raw<Message[]>([]);
  /** Nothing is earlier than the run. */
  complete = $state(false);
  /** Nothing is later than the run. */
  latest = $state(true);
  loading = $state(true);
  failure = $state('');
  /** The newest message is in sight; told by the screen. */
  atEnd = $state(true);
  /** How many came from others since the end was in sight. */
  news = $state(0);
  /** The first message that was unread when the conversation was opened, once it is in the run. */
  firstUnread = $state('');
  /** How many were unread then. */
  unread = $state(0);
  place = $state.raw<Place>({ to: 'end' });

  private readonly stops: (() => void)[] = [];
  private turn = 0; // grows with each load: what an older one brings is dropped
  private since: (() => void)[] = []; // what was heard while a page was read, and may not be in it

  /**
   * @param seen is the cursor up to which the member has read, when `unread` messages are beyond it
   */
  constructor(
    private readonly core: Caller,
    readonly conversation: string,
    private readonly seen = 0,
    unread = 0
  ) {
    this.unread = unread;
  }

  async start(): Promise<void> {
    this.stops.push(
      this.core.on('message', (m) => {
        if (m.conversation !== this.conversation) return;
        if (!m.own && !(this.latest && this.atEnd)) this.news++;
        this.hear(() => {
          this.put(m);
        });
      }),
      this.core.on('state', (m) => {
        if (m.conversation === this.conversation)
          this.hear(() => {
            this.put(m);
          });
      }),
      this.core.on('gone', (m) => {
        if (m.conversation === this.conversation)
          this.hear(() => {
            this.drop(m.message);
          });
      }),
      this.core.on('missed', () => void this.reload())
    );
    await this.reload();
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** Loads the page before the run. */
  async earlier(): Promise<void> {
    const first = this.messages[0];
    if (!first || this.complete || this.loading) return;
    await this.load({ before: first.cursor }, (page) => {
      this.complete = page.length < pageSize;
      const all = [...page, ...this.messages];
      if (all.length > kept) this.latest = false;
      return all.slice(0, kept);
    });
  }

  /** Loads the page after the run. */
  async later(): Promise<void> {
    const last = this.messages.at(-1);
    if (!last || this.latest || this.loading) return;
    await this.load({ after: last.cursor }, (page) => {
      this.latest = page.length < pageSize;
      const all = [...this.messages, ...page];
      if (all.length > kept) this.complete = false;
      return all.slice(-kept);
    });
  }

  /** Goes to a message, wherever it is in the history; quotes and search results lead there. */
  async show(id: string): Promise<void> {
    if (!this.messages.some((m) => m.id === id)) {
      const found = await this.load({ around: id }, (page) => {
        this.complete = false;
        this.latest = false;
        return page;
      });
      if (!found) return;
    }
    this.place = { to: 'message', id };
  }

  /** Goes to the first message that was unread when the conversation was opened. */
  async showUnread(): Promise<void> {
    if (this.firstUnread === '') {
      const found = await this.load({ before: this.seen + pageSize / 2 }, (page) => {
        this.complete = false;
        this.latest = false;
        return page;
      });
      if (!found) return;
    }
    if (this.firstUnread !== '') this.place = { to: 'message', id: this.firstUnread };
  }

  /** Goes to the newest message. */
  async toEnd(): Promise<void> {
    if (!this.latest) {
      const done = await this.load({}, (page) => {
        this.complete = page.length < pageSize;
        this.latest = true;
        return page;
      });
      if (!done) return;
    }
    this.place = { to: 'end' };
  }

  /** Goes to the oldest message. */
  async toStart(): Promise<void> {
    if (!this.complete) {
      const done = await this.load({ oldest: true }, (page) => {
        this.complete = true;
        this.latest = false;
        return page;
      });
      if (!done) return;
    }
    this.place = { to: 'start' };
  }

  /** The screen tells whether the newest message is in sight. */
  see(atEnd: boolean): void {
    this.atEnd = atEnd;
    if (atEnd) this.news = 0;
  }

  async send(text: string, replyTo = ''): Promise<boolean> {
    return this.sent(() => this.core.call('send', { conversation: this.conversation, text, replyTo }));
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

  async sendVoice(take: Take, replyTo = ''): Promise<boolean> {
    const { file, duration, waveform } = take;
    const plain = { caption: '', replyTo, width: 0, height: 0 };
    return this.sent(() =>
      this.core.call('sendFile', {
        conversation: this.conversation,
        file,
        voice: true,
        duration,
        preview: waveform,
        ...plain
      })
    );
  }

  async retry(message: string): Promise<boolean> {
    return this.attempt(() => this.core.call('retry', { conversation: this.conversation, message }));
  }

  /** Tells the core that everything shown has been seen. */
  async markRead(): Promise<void> {
    const last = this.messages.at(-1);
    if (!last) return;
    await this.attempt(() =>
      this.core.call('markRead', { conversation: this.conversation, upto: last.cursor })
    );
  }

  /** Who writes sees what they wrote, and has seen what came before. */
  private async sent(work: () => Promise<unknown>): Promise<boolean> {
    const done = await this.attempt(work);
    if (!done) return false;
    this.unread = 0;
    this.firstUnread = '';
    await this.toEnd();
    return true;
  }

  /** Reads the run again: the newest page, or what is in sight of the past. */
  private async reload(): Promise<void> {
    const last = this.messages.at(-1);
    if (last && !this.latest) {
      await this.load({ before: last.cursor + 1, limit: this.messages.length }, (page) => page);
      return;
    }
    await this.load({}, (page) => {
      this.complete = page.length < pageSize;
      this.latest = true;
      // what came while the page was read is newer than the page
      return [...page, ...this.messages.filter((m) => m.cursor > (page.at(-1)?.cursor ?? 0))];
    });
  }

  /** Reads a page and joins it to the run; reports whether it came and was still wanted. */
  private async load(
    want: Partial<Calls['history']['in']>,
    join: (page: Message[]) => Message[]
  ): Promise<boolean> {
    const turn = ++this.turn;
    this.since = [];
    this.loading = true;
    const done = await this.attempt(async () => {
      const page = await this.core.call('history', {
        conversation: this.conversation,
        around: '',
        after: 0,
        oldest: false,
        before: 0,
        limit: pageSize,
        ...want
      });
      if (turn !== this.turn) return;
      this.messages = join(page.messages);
      for (const change of this.since) change();
    });
    if (turn !== this.turn) return false;
    this.loading = false;
    this.since = [];
    this.findUnread();
    return done;
  }

  /** Does what an event says now, and once more after a page that was being read meanwhile. */
  private hear(change: () => void): void {
    if (this.loading) this.since.push(change);
    change();
  }

  /** Takes a message out that is deleted here or has expired. */
  private drop(id: string): void {
    const left = this.messages.filter((m) => m.id !== id);
    this.messages = left.map((m) =>
      m.replyTo?.message === id ? { ...m, replyTo: { ...m.replyTo, fromName: '', text: '', gone: true } } : m
    );
  }

  private findUnread(): void {
    const first = this.messages[0];
    if (this.unread === 0 || this.firstUnread !== '' || !first) return;
    if (first.cursor > this.seen + 1 && !this.complete) return; // it may be earlier
    const unread = this.messages.find((m) => m.cursor > this.seen && !m.own && m.kind !== 'change');
    if (unread) this.firstUnread = unread.id;
    else if (this.latest) this.unread = 0; // they are gone
  }

  /** Takes a message in at its place; one from outside of the run comes with its own page. */
  private put(m: Message): void {
    const at = this.messages.findIndex((old) => old.id === m.id);
    if (at >= 0) {
      this.messages = this.messages.with(at, m).map((other) => requoted(other, m));
      return;
    }
    const first = this.messages[0]?.cursor ?? 0;
    const last = this.messages.at(-1)?.cursor ?? 0;
    if ((m.cursor < first && !this.complete) || (m.cursor > last && !this.latest)) return;
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
