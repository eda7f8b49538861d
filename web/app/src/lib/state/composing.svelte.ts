import type { Message } from '$lib/core/generated/api';

/** What a text that is being written is about: nothing, the message it replies to, or the one that it changes. */
export interface About {
  how: 'reply' | 'edit';
  message: string;
}

interface Draft {
  text: string;
  about: About | undefined;
}

/** What was being written in each conversation. In memory only: it goes with the session. */
export class Drafts {
  private kept: Readonly<Record<string, Draft>> = {};

  of(conversation: string): Draft {
    return this.kept[conversation] ?? { text: '', about: undefined };
  }

  keep(conversation: string, draft: Draft): void {
    this.kept = { ...this.kept, [conversation]: draft };
  }
}

/** The composer of one conversation: a text, and what it is about. */
export class Composing {
  text = $state('');
  about = $state.raw<About>();

  /** What was being written when an edit began. */
  private aside = $state('');
  /** What is written to be sent, whatever is being edited meanwhile. */
  readonly unsent = $derived(this.about?.how === 'edit' ? this.aside : this.text);

  /** The message that a file or a voice note sent now replies to, '' for none. */
  readonly answering = $derived(this.about?.how === 'reply' ? this.about.message : '');

  constructor(
    private readonly drafts: Drafts,
    private readonly conversation: string,
    written = ''
  ) {
    const draft = drafts.of(conversation);
    this.text = written === '' ? draft.text : written;
    this.about = draft.about;
  }

  /** Keeps what is written for when the conversation is opened again. */
  leave(): void {
    const about = this.about?.how === 'reply' ? this.about : undefined;
    this.drafts.keep(this.conversation, { text: this.unsent, about });
  }

  reply(message: string): void {
    this.cancel();
    this.about = { how: 'reply', message };
  }

  edit(message: string, text: string): void {
    if (this.about?.how !== 'edit') this.aside = this.text;
    this.about = { how: 'edit', message };
    this.text = text;
  }

  cancel(): void {
    if (this.about?.how === 'edit') this.text = this.aside;
    this.aside = '';
    this.about = undefined;
  }

  /** Takes what is written: it is on its way. */
  take(): About | undefined {
    const about = this.about;
    this.text = about?.how === 'edit' ? this.aside : '';
    this.aside = '';
    this.about = undefined;
    return about;
  }

  /** A file or a voice note was sent as the reply: the text beside it is about nothing now. */
  answered(): void {
    if (this.about?.how === 'reply') this.about = undefined;
  }

  /**
   * Words that could not be sent, or not take the place of others, are to be sent again: before what was written
   * since, or as the change that they were, while nothing else is being changed.
   */
  giveBack(words: string, about?: About): void {
    if (about?.how === 'edit' && this.about?.how !== 'edit') {
      this.edit(about.message, words);
      return;
    }
    const join = (since: string): string => (since === '' ? words : `${words}\n${since}`);
    if (this.about?.how === 'edit') this.aside = join(this.aside);
    else this.text = join(this.text);
  }

  /** A message that was deleted can neither be replied to nor changed. */
  check(messages: readonly Message[]): void {
    const id = this.about?.message;
    if (messages.some((m) => m.id === id && m.deleted)) this.cancel();
  }
}

const editWindow = 24 * 3_600_000; // milliseconds, as in the core

/** Whether this member may still give a message another text. */
export function editable(m: Message, now = Date.now()): boolean {
  return m.own && !m.deleted && m.kind !== 'change' && m.state !== 'failed' && now - m.sent < editWindow;
}

/** The newest own message that can be edited, for the arrow up in an empty composer. */
export function lastEditable(messages: readonly Message[]): Message | undefined {
  return messages.findLast((m) => editable(m) && m.text !== '');
}
