import type { Caller } from '$lib/core/core';
import type {
  Bubble,
  Contact,
  Conversation,
  Mask,
  Message,
  SafetyNumber,
  Settings,
  Status,
  Warning
} from '$lib/core/generated/api';
import { Drafts } from './composing.svelte';
import { codeOf } from './session.svelte';

/**
 * The people and conversations of the bubble, kept in step with the core's events. What a component
 * hands over may be reactive: it is copied, since only plain values can cross to the worker.
 */
export class BubbleState {
  self = $state.raw<Contact>();
  bubble = $state.raw<Bubble>();
  contacts = $state.raw<Contact[]>([]);
  conversations = $state.raw<Conversation[]>([]);
  status = $state.raw<Status>({ state: 'connecting', reason: '', latency: 0, queued: 0 });
  settings = $state.raw<Settings>({ noReceipts: false, notices: 'off' });
  mask = $state.raw<Mask>({ on: false, seconds: 10 });
  warnings = $state.raw<Warning['kind'][]>([]);
  failure = $state('');
  readonly unread = $derived(this.conversations.reduce((sum, c) => (c.muted ? sum : sum + c.unread), 0));

  /** What is being written, while the session lasts. */
  readonly drafts = new Drafts();

  private readonly stops: (() => void)[] = [];
  private turn = 0; // grows with each load: what an older one brings is dropped
  private since: (() => unknown)[] | undefined; // what was heard while an overview was read, and may not be in it

  constructor(private readonly core: Caller) {}

  async start(): Promise<void> {
    this.stops.push(
      this.core.on('conversation', (c) => {
        this.hear(() => {
          this.put(c);
        });
      }),
      this.core.on('state', (m) => {
        const c = this.conversation(m.conversation);
        if (c?.last?.id === m.id) this.put({ ...c, last: m });
      }),
      this.core.on('contact', (c) => {
        this.hear(() => {
          this.contacts = [...this.contacts.filter((old) => old.id !== c.id), c].sort(byName);
        });
      }),
      this.core.on('status', (s) => {
        this.hear(() => (this.status = s));
      }),
      this.core.on(
        'warning',
        (w) => (this.warnings = [...this.warnings.filter((k) => k !== w.kind), w.kind])
      ),
      this.core.on('missed', () => void this.load())
    );
    await this.load();
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  async load(): Promise<void> {
    const turn = ++this.turn;
    this.since = [];
    await this.attempt(async () => {
      const all = await this.core.call('overview', null);
      if (turn !== this.turn) return;
      this.self = all.self;
      this.bubble = all.bubble;
      this.contacts = all.contacts;
      this.conversations = all.conversations;
      this.status = all.status;
      this.settings = all.settings;
      this.mask = all.mask;
      for (const change of this.since ?? []) change();
    });
    if (turn === this.turn) this.since = undefined;
  }

  /** Does what an event says now, and once more after an overview that was being read meanwhile. */
  private hear(change: () => unknown): void {
    this.since?.push(change);
    change();
  }

  conversation(id: string): Conversation | undefined {
    return this.conversations.find((c) => c.id === id);
  }

  async direct(member: string): Promise<string | undefined> {
    let id: string | undefined;
    await this.attempt(async () => {
      const c = await this.core.call('direct', { id: member });
      this.put(c);
      id = c.id;
    });
    return id;
  }

  async createGroup(name: string, members: string[]): Promise<string | undefined> {
    let id: string | undefined;
    await this.attempt(async () => {
      const c = await this.core.call('createGroup', { name, members: [...members] });
      this.put(c);
      id = c.id;
    });
    return id;
  }

  addMembers(conversation: string, members: string[]): Promise<boolean> {
    return this.attempt(() => this.core.call('addMembers', { conversation, members: [...members] }));
  }

  removeMember(conversation: string, member: string): Promise<boolean> {
    return this.attempt(() => this.core.call('removeMembers', { conversation, members: [member] }));
  }

  setTimer(conversation: string, seconds: number): Promise<boolean> {
    return this.attempt(() => this.core.call('setTimer', { conversation, seconds }));
  }

  setRole(conversation: string, member: string, admin: boolean): Promise<boolean> {
    return this.attempt(() => this.core.call('setRole', { conversation, member, admin }));
  }

  rename(conversation: string, name: string): Promise<boolean> {
    return this.attempt(() => this.core.call('rename', { conversation, name }));
  }

  mute(conversation: string, muted: boolean): Promise<boolean> {
    return this.attempt(() => this.core.call('mute', { conversation, muted }));
  }

  async block(member: string, blocked: boolean): Promise<void> {
    await this.attempt(() => this.core.call('block', { member, blocked }));
    await this.load();
  }

  /** Whether what a camera read is the safety number shared with a member. */
  async compare(member: string, payload: Uint8Array): Promise<boolean> {
    return (await this.core.call('compare', { member, payload })).matches;
  }

  leave(conversation: string): Promise<boolean> {
    return this.attempt(() => this.core.call('leave', { id: conversation }));
  }

  async search(text: string): Promise<Message[]> {
    let found: Message[] = [];
    await this.attempt(async () => {
      const query = { conversation: '', text, before: 0, limit: 30 };
      found = (await this.core.call('search', query)).messages;
    });
    return found;
  }

  async invite(uses: number, hours: number): Promise<string> {
    let link = '';
    await this.attempt(async () => {
      link = (await this.core.call('invite', { uses, hours })).link;
    });
    return link;
  }

  safetyNumber(member: string): Promise<SafetyNumber> {
    return this.core.call('safetyNumber', { id: member });
  }

  async verify(member: string, verified: boolean): Promise<void> {
    await this.attempt(() => this.core.call('markVerified', { member, verified }));
    await this.load();
  }

  async setReceipts(on: boolean): Promise<void> {
    const settings = { ...this.settings, noReceipts: !on };
    if (await this.attempt(() => this.core.call('setSettings', settings))) this.settings = settings;
  }

  async setNotices(notices: Settings['notices']): Promise<void> {
    const settings = { ...this.settings, notices };
    if (await this.attempt(() => this.core.call('setSettings', settings))) this.settings = settings;
  }

  /** Unmasking needs an answer to the core's challenge. */
  setMask(mask: Mask, answer: Uint8Array = new Uint8Array()): Promise<boolean> {
    return this.attempt(async () => {
      await this.core.call('setMask', { ...mask, answer });
      this.mask = mask;
    });
  }

  /** With `rotate` everything is sealed again under a new key. */
  changePassphrase(old: string, next: string, rotate: boolean): Promise<boolean> {
    return this.attempt(() => this.core.call('changePassphrase', { old, new: next, rotate }));
  }

  /** A screen that shows `failure` starts without that of another one. */
  forgetFailure(): void {
    this.failure = '';
  }

  dismiss(warning: Warning['kind']): void {
    this.warnings = this.warnings.filter((w) => w !== warning);
  }

  /** The row moves to the top when its newest message is newer. */
  private put(c: Conversation): void {
    this.conversations = [...this.conversations.filter((old) => old.id !== c.id), c].sort(byActivity);
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

function byName(a: Contact, b: Contact): number {
  return a.name.localeCompare(b.name);
}

function byActivity(a: Conversation, b: Conversation): number {
  return (b.last?.received ?? Infinity) - (a.last?.received ?? Infinity) || a.name.localeCompare(b.name);
}
