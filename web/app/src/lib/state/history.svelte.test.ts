import { expect, test } from 'vitest';
import type { Transfer } from '$lib/core/generated/api';
import { FakeCore, message, refuse } from '../../../tests/support/fakecore';
import { HistoryState } from './history.svelte';

/** A core that holds n messages of one conversation, and gives pages of them as the real one does. */
function withMessages(n: number): FakeCore {
  const all = Array.from({ length: n }, (_, i) => message('bob', i + 1));
  return new FakeCore({
    history: ({ before, limit }) => ({
      messages: all.filter((m) => before === 0 || m.cursor < before).slice(-limit)
    })
  });
}

async function started(core: FakeCore): Promise<HistoryState> {
  const history = new HistoryState(core, 'bob');
  await history.start();
  return history;
}

const cursors = (history: HistoryState): number[] => history.messages.map((m) => m.cursor);

test('the newest page comes first, earlier ones join before it without a gap', async () => {
  const history = await started(withMessages(150));
  expect([cursors(history)[0], history.complete]).toEqual([91, false]);
  await history.earlier();
  await history.earlier();
  expect(cursors(history)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
  expect(history.complete).toBe(true);
});

test('asking for more while a page comes asks once', async () => {
  const core = withMessages(150);
  const history = await started(core);
  await Promise.all([history.earlier(), history.earlier()]);
  expect(cursors(history)[0]).toBe(31);
  expect(core.asked).toHaveLength(2);
});

test('a message that comes is added, one that changes is replaced, others are none of ours', async () => {
  const core = withMessages(2);
  const history = await started(core);
  core.announce('message', message('bob', 3));
  core.announce('message', message('carol', 4));
  core.announce('state', { ...message('bob', 2), state: 'read' });
  expect(history.messages.map((m) => [m.cursor, m.state])).toEqual([
    [1, 'delivered'],
    [2, 'read'],
    [3, 'delivered']
  ]);
});

test('a message that comes while the first page is read is not lost', async () => {
  const core = withMessages(2);
  const history = new HistoryState(core, 'bob');
  const starting = history.start();
  core.announce('message', message('bob', 3));
  await starting;
  expect(cursors(history)).toEqual([1, 2, 3]);
});

test('a change of state does not bring in a message from before the first page', async () => {
  const core = withMessages(150);
  const history = await started(core);
  core.announce('state', { ...message('bob', 10), state: 'read' });
  expect(cursors(history)[0]).toBe(91);
  expect(cursors(history)).toHaveLength(60);
});

test('the progress of a file is kept by its message', async () => {
  const core = withMessages(1);
  const history = await started(core);
  const transfer: Transfer = {
    conversation: 'bob',
    message: 'message 1',
    upload: true,
    state: 'moving',
    done: 1,
    total: 2
  };
  core.announce('transfer', transfer);
  core.announce('transfer', { ...transfer, conversation: 'carol', message: 'other' });
  expect(history.transfers).toEqual({ 'message 1': transfer });
});

test('sending says whether the core took it', async () => {
  const core = withMessages(0);
  const history = await started(core);
  core.answers.send = () => ({ conversation: 'bob', message: 'm' });
  expect(await history.send('hello')).toBe(true);
  core.answers.send = refuse('too-large');
  expect(await history.send('hello')).toBe(false);
  expect(history.failure).toBe('too-large');
  core.answers.readFile = refuse('file-gone');
  expect(await history.readFile('m')).toBeUndefined();
  expect(history.failure).toBe('file-gone');
});

test('what is read is told up to the last message, and nothing of an empty room', async () => {
  const empty = withMessages(0);
  await (await started(empty)).markRead();
  expect(empty.asked.map(([method]) => method)).toEqual(['history']);
  const core = withMessages(3);
  core.answers.markRead = () => null;
  await (await started(core)).markRead();
  expect(core.asked.at(-1)).toEqual(['markRead', { conversation: 'bob', upto: 3 }]);
});

test('a history that cannot be read says so and is not loading for ever', async () => {
  const history = await started(new FakeCore({ history: refuse('damaged') }));
  expect([history.failure, history.loading]).toEqual(['damaged', false]);
});
