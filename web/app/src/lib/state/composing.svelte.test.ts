import { expect, test } from 'vitest';
import { message } from '../../../tests/support/fakecore';
import { Composing, Drafts, editable, lastEditable } from './composing.svelte';

test('a draft waits for its conversation, with what it replies to', () => {
  const drafts = new Drafts();
  const bob = new Composing(drafts, 'bob');
  bob.text = 'half a';
  bob.reply('message 1');
  bob.leave();
  expect(new Composing(drafts, 'carol').text).toBe('');
  const again = new Composing(drafts, 'bob');
  expect([again.text, again.about]).toEqual(['half a', { how: 'reply', message: 'message 1' }]);
});

test('an edit puts what was being written aside, and gives it back', () => {
  const drafts = new Drafts();
  const c = new Composing(drafts, 'bob');
  c.text = 'half a';
  c.edit('message 1', 'old');
  expect(c.text).toBe('old');
  c.edit('message 2', 'older');
  c.cancel();
  expect([c.text, c.about]).toEqual(['half a', undefined]);
  c.edit('message 1', 'old');
  expect(c.take()).toEqual({ how: 'edit', message: 'message 1' });
  expect(c.text).toBe('half a');
  c.edit('message 1', 'old');
  c.leave();
  expect(drafts.of('bob').text).toBe('half a');
  expect(c.take()?.how).toBe('edit');
  expect(c.take()).toBeUndefined();
  expect(c.text).toBe('');
});

test('a change that was refused is given back as one, and what was being written stays', () => {
  const c = new Composing(new Drafts(), 'bob');
  c.text = 'half a';
  c.edit('message 1', 'old');
  c.text = 'new';
  const about = c.take();
  c.giveBack('new', about);
  expect([c.text, c.about, c.unsent]).toEqual(['new', { how: 'edit', message: 'message 1' }, 'half a']);
  c.take();
  c.edit('message 2', 'other');
  c.giveBack('new', about); // another change is being written: the words wait with the draft
  expect([c.text, c.about?.message, c.unsent]).toEqual(['other', 'message 2', 'new\nhalf a']);
});

test('a file takes the reply with it, and leaves the text', () => {
  const c = new Composing(new Drafts(), 'bob');
  c.text = 'half a';
  c.reply('message 1');
  expect(c.answering).toBe('message 1');
  c.answered();
  expect([c.answering, c.text]).toEqual(['', 'half a']);
  c.edit('message 1', 'old');
  expect(c.answering).toBe('');
  c.answered();
  expect(c.about?.how).toBe('edit');
});

test('what was deleted is let go', () => {
  const c = new Composing(new Drafts(), 'bob');
  c.reply('message 1');
  c.check([]);
  expect(c.about).toBeDefined(); // it is somewhere else in the history
  c.check([message('bob', 1)]);
  expect(c.about).toBeDefined();
  c.check([{ ...message('bob', 1), deleted: true }]);
  expect(c.about).toBeUndefined();
});

test('own messages of the last day can be edited', () => {
  const m = { ...message('bob', 1), own: true, sent: Date.now() };
  expect(editable(m)).toBe(true);
  for (const not of [
    { ...m, own: false },
    { ...m, deleted: true },
    { ...m, kind: 'change' as const },
    { ...m, state: 'failed' as const },
    { ...m, sent: Date.now() - 24 * 3_600_000 - 1 }
  ])
    expect(editable(not)).toBe(false);
  expect(
    lastEditable([m, { ...m, id: 'newer' }, { ...m, id: 'empty', text: '' }, message('bob', 2)])?.id
  ).toBe('newer');
});
