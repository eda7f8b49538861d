import { expect, test } from 'vitest';
import type { Contact, Conversation, Message } from '$lib/core/generated/api';
import { noticeOf, type Surroundings } from './notices';

const message = { own: false, kind: 'text', text: 'the text', fromName: 'Bob', sealed: false } as Message;
const words = { app: 'Bulle', fresh: 'New message', file: 'File' };
const at: Surroundings = {
  level: 'text',
  masked: false,
  watched: false,
  conversation: { kind: 'group', name: 'Crew', muted: false } as Conversation,
  sender: { blocked: false } as Contact
};

test('says as much as was chosen', () => {
  expect(noticeOf(message, at, words)).toEqual({ title: 'Bob (Crew)', body: 'the text' });
  expect(noticeOf(message, { ...at, level: 'name' }, words)).toEqual({
    title: 'Bob (Crew)',
    body: 'New message'
  });
  const bare = { title: 'Bulle', body: 'New message' };
  expect(noticeOf(message, { ...at, level: 'bare' }, words)).toEqual(bare);
  expect(noticeOf(message, { ...at, masked: true }, words)).toEqual(bare);
  expect(noticeOf({ ...message, sealed: true }, at, words)).toEqual(bare);
});

test('says nothing of what is watched, own, muted, blocked, a change, or off', () => {
  const quiet: [Partial<Message>, Partial<Surroundings>][] = [
    [{}, { level: 'off' }],
    [{}, { watched: true }],
    [{ own: true }, {}],
    [{ kind: 'change' }, {}],
    [{}, { conversation: { ...at.conversation, muted: true } as Conversation }],
    [{}, { sender: { blocked: true } as Contact }]
  ];
  for (const [m, s] of quiet) expect(noticeOf({ ...message, ...m }, { ...at, ...s }, words)).toBeUndefined();
});
