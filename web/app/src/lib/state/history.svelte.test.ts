import { expect, test } from 'vitest';
import { FakeCore, message, refuse } from '../../../tests/support/fakecore';
import { HistoryState } from './history.svelte';

/** A core that holds n messages of one conversation, and gives pages of them as the real one does. */
function withMessages(n: number): FakeCore {
  const all = Array.from({ length: n }, (_, i) => message('bob', i + 1));
  return new FakeCore({
    history: ({ around, oldest, after, before, limit }) => {
      if (oldest || after > 0) return { messages: all.filter((m) => m.cursor > after).slice(0, limit) };
      if (around !== '') {
        const middle = all.find((m) => m.id === around);
        if (!middle) return refuse('no-message')();
        before = middle.cursor + limit / 2 + 1;
      }
      return { messages: all.filter((m) => before === 0 || m.cursor < before).slice(-limit) };
    },
    send: () => ({ conversation: 'bob', message: 'm' })
  });
}

async function started(core: FakeCore, seen = 0, unread = 0): Promise<HistoryState> {
  const history = new HistoryState(core, 'bob', seen, unread);
  await history.start();
  return history;
}

/** The first and the last cursor of the run, which has no gaps. */
function run(history: HistoryState): [number, number] {
  const cursors = history.messages.map((m) => m.cursor);
  const [first = 0] = cursors;
  expect(cursors).toEqual(cursors.map((_, i) => first + i));
  return [first, cursors.at(-1) ?? 0];
}

test('the newest page comes first, earlier ones join before it without a gap', async () => {
  const history = await started(withMessages(250));
  expect([run(history), history.complete, history.latest]).toEqual([[151, 250], false, true]);
  await history.earlier();
  await history.earlier();
  expect([run(history), history.complete]).toEqual([[1, 250], true]);
});

test('asking for more while a page comes asks once', async () => {
  const core = withMessages(250);
  const history = await started(core);
  await Promise.all([history.earlier(), history.earlier()]);
  expect(run(history)).toEqual([51, 250]);
  expect(core.asked).toHaveLength(2);
});

test('far from the end the newest messages are given up, and come again on the way back', async () => {
  const history = await started(withMessages(1000));
  for (let i = 0; i < 6; i++) await history.earlier();
  expect([run(history), history.latest]).toEqual([[301, 800], false]);
  await history.later();
  await history.later();
  expect([run(history), history.latest, history.complete]).toEqual([[501, 1000], false, false]);
  await history.later();
  expect([run(history), history.latest]).toEqual([[501, 1000], true]);
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

test('what comes while one reads the past leaves no gap, and is counted', async () => {
  const core = withMessages(1000);
  const history = await started(core);
  await history.toStart();
  history.see(false);
  core.announce('message', message('bob', 1001));
  core.announce('message', { ...message('bob', 1002), own: true });
  expect([run(history), history.news]).toEqual([[1, 100], 1]);
  await history.toEnd();
  history.see(true);
  expect([run(history), history.news, history.latest]).toEqual([[901, 1000], 0, true]);
});

test('a message that comes while the first page is read is not lost', async () => {
  const core = withMessages(2);
  const history = new HistoryState(core, 'bob');
  const starting = history.start();
  core.announce('message', message('bob', 3));
  await starting;
  expect(run(history)).toEqual([1, 3]);
});

test('a change of state does not bring in a message from before the first page', async () => {
  const core = withMessages(150);
  const history = await started(core);
  core.announce('state', { ...message('bob', 10), state: 'read' });
  expect(run(history)).toEqual([51, 150]);
});

test('a message is shown wherever it is, and one that is gone says so', async () => {
  const core = withMessages(1000);
  const history = await started(core);
  await history.show('message 300');
  expect([run(history), history.place]).toEqual([[251, 350], { to: 'message', id: 'message 300' }]);
  const asked = core.asked.length;
  await history.show('message 260');
  expect([core.asked.length, history.place]).toEqual([asked, { to: 'message', id: 'message 260' }]);
  await history.show('message 5000');
  expect([history.failure, history.loading]).toEqual(['no-message', false]);
});

test('a jump overtakes a page that is on its way', async () => {
  const history = await started(withMessages(1000));
  await Promise.all([history.earlier(), history.toStart()]);
  expect(run(history)).toEqual([1, 100]);
  await Promise.all([history.later(), history.toEnd()]);
  expect(run(history)).toEqual([901, 1000]);
});

test('the first unread message is known, also when it is far away', async () => {
  const near = await started(withMessages(120), 110, 10);
  expect(near.firstUnread).toBe('message 111');
  const far = await started(withMessages(1000), 200, 800);
  expect(far.firstUnread).toBe('');
  await far.showUnread();
  expect([far.firstUnread, far.place]).toEqual(['message 201', { to: 'message', id: 'message 201' }]);
  await far.send('now I have read it');
  expect([far.firstUnread, far.unread, run(far)]).toEqual(['', 0, [901, 1000]]);
});

test('when events were missed, the run is read again where it is', async () => {
  const core = withMessages(1000);
  const history = await started(core);
  await history.toStart();
  core.announce('missed', null);
  await expect.poll(() => [run(history), history.loading]).toEqual([[1, 100], false]);
});

test('sending says whether the core took it', async () => {
  const core = withMessages(0);
  const history = await started(core);
  expect(await history.send('hello')).toBe(true);
  core.answers.send = refuse('too-large');
  expect(await history.send('hello')).toBe(false);
  expect(history.failure).toBe('too-large');
  core.answers.sendFile = refuse('full');
  const take = { file: new File(['x'], 'voice.webm'), duration: 900, waveform: new Uint8Array(64) };
  expect(await history.sendVoice(take)).toBe(false);
  expect(history.failure).toBe('full');
  expect(core.asked.at(-1)?.[1]).toMatchObject({ voice: true, duration: 900 });
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
