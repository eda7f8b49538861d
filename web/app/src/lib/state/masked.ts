import type { Contact, Conversation, Message } from '$lib/core/generated/api';

/** Gives the text of a sealed one while it may be read. */
export type Read = (sealed: string) => string | undefined;

/** What can be revealed: an item of a conversation, or all of it when item is ''. */
export interface Target {
  conversation: string;
  item: string;
}

/** Sealed texts that stand somewhere on the screen, all of one item. */
export interface Piece extends Target {
  sealed: string[];
  /** This place only echoes the item: it going out of sight does not end the item's reveal. */
  echo?: true;
}

/** The conversation that the contacts' names are sealed in. */
export const people = 'people';

export function covers(shown: Target, what: Target): boolean {
  return shown.conversation === what.conversation && (shown.item === '' || shown.item === what.item);
}

/** A few bytes of the ciphertext, in groups: enough to be real, not so much as to be noise. */
export function run(sealed: string, groups = 3): string {
  const ciphertext = sealed.slice(22); // after the salt
  return (ciphertext.slice(0, 4 * groups).match(/.{1,4}/gu) ?? []).join(' ');
}

/** The texts of a message that are sealed. */
export function sealedIn(m: Message): string[] {
  const change = m.change ? [m.change.name, ...m.change.members.map((c) => c.name)] : [];
  const quote = m.replyTo ? [m.replyTo.fromName, m.replyTo.text] : [];
  const reactions = m.reactions.flatMap((r) => [r.emoji, ...r.names]);
  return [m.text, m.fromName, m.file?.name ?? '', ...quote, ...reactions, ...change].filter((s) => s !== '');
}

export function pieceOf(m: Message): Piece {
  return { conversation: m.conversation, item: m.id, sealed: sealedIn(m) };
}

/** Whether nothing of the message is masked. */
export function isOpen(m: Message, read: Read): boolean {
  return !m.sealed || sealedIn(m).every((s) => read(s) !== undefined);
}

export function contactAs<C extends Pick<Contact, 'name' | 'sealed'>>(c: C, read: Read): C {
  return c.sealed ? { ...c, name: read(c.name) ?? run(c.name), sealed: read(c.name) === undefined } : c;
}

/** The message with each sealed text replaced by what may be shown of it. */
export function messageAs(m: Message, read: Read): Message {
  if (!m.sealed) return m;
  const show = (s: string, groups?: number): string => read(s) ?? run(s, groups);
  return {
    ...m,
    sealed: !isOpen(m, read),
    text: show(m.text, Math.min(6, Math.ceil(m.text.length / 40))),
    fromName: show(m.fromName),
    file: m.file && { ...m.file, name: show(m.file.name) },
    replyTo: m.replyTo && { ...m.replyTo, fromName: show(m.replyTo.fromName), text: show(m.replyTo.text) },
    reactions: m.reactions.map((r) => ({
      ...r,
      emoji: show(r.emoji, 1),
      names: r.names.map((name) => show(name))
    })),
    change: m.change && {
      ...m.change,
      name: show(m.change.name),
      members: m.change.members.map((c) => contactAs(c, read))
    }
  };
}

export function conversationAs(c: Conversation, read: Read): Conversation {
  if (!c.sealed) return c;
  return {
    ...contactAs(c, read),
    members: c.members.map((m) => contactAs(m, read)),
    last: c.last && messageAs(c.last, read)
  };
}
