import type { Contact, Conversation, Message, Settings } from '$lib/core/generated/api';

/** What decides whether a message is announced, and how. */
export interface Surroundings {
  level: Settings['notices'];
  masked: boolean;
  /** The conversation is open and the page can be seen. */
  watched: boolean;
  conversation: Conversation | undefined;
  sender: Contact | undefined;
}

export interface Words {
  app: string;
  fresh: string;
  file: string;
}

export interface Notice {
  title: string;
  body: string;
}

/** The words of a notification, or nothing. A masked screen says no more than that there is a message. */
export function noticeOf(m: Message, at: Surroundings, words: Words): Notice | undefined {
  if (at.level === 'off' || at.watched || m.own || m.kind === 'change') return undefined;
  if (at.conversation?.muted === true || at.sender?.blocked === true) return undefined;
  if (at.level === 'bare' || at.masked || m.sealed) return { title: words.app, body: words.fresh };
  const group = at.conversation?.kind === 'group' ? at.conversation.name : '';
  const title = group === '' ? m.fromName : `${m.fromName} (${group})`;
  if (at.level === 'name') return { title, body: words.fresh };
  return { title, body: m.text.slice(0, 200) || (m.file ? m.file.name : words.file) };
}
