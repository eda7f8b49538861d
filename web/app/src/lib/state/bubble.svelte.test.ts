import type { Overview } from '$lib/core/generated/api';
import { expect, test } from 'vitest';
import { contact, conversation, FakeCore, message, refuse } from '../../../tests/support/fakecore';
import { BubbleState } from './bubble.svelte';

const overview = (): Overview =>
  ({
    self: contact('alice'),
    bubble: { address: 'relay:1', fingerprint: 'aa', founder: true },
    contacts: [contact('bob'), contact('carol')],
    conversations: [conversation('bob', message('bob', 5), 2), conversation('carol', message('carol', 3))],
    status: { state: 'online', reason: '', latency: 1, queued: 0 },
    settings: { noReceipts: false, notices: 'off' }
  }) as Overview;

async function started(answers: FakeCore['answers'] = {}): Promise<[BubbleState, FakeCore]> {
  const core = new FakeCore({ overview, ...answers });
  const bubble = new BubbleState(core);
  await bubble.start();
  return [bubble, core];
}

test('it starts with what the core has', async () => {
  const [bubble] = await started();
  expect(bubble.conversations.map((c) => c.name)).toEqual(['bob', 'carol']);
  expect([bubble.self?.name, bubble.status.state, bubble.unread]).toEqual(['alice', 'online', 2]);
});

test('a conversation with a newer message moves to the top, and its unread count shows', async () => {
  const [bubble, core] = await started();
  core.announce('conversation', conversation('carol', message('carol', 9), 1));
  expect(bubble.conversations.map((c) => c.name)).toEqual(['carol', 'bob']);
  expect(bubble.unread).toBe(3);
  core.announce('conversation', conversation('new', null));
  expect(bubble.conversations.map((c) => c.name)).toEqual(['new', 'carol', 'bob']);
});

test('what is muted is not counted', async () => {
  const [bubble, core] = await started();
  core.announce('conversation', { ...conversation('bob', message('bob', 9), 3), muted: true });
  expect(bubble.unread).toBe(0);
});

test('a contact that changes keeps its place in the alphabet, once', async () => {
  const [bubble, core] = await started();
  core.announce('contact', contact('bea'));
  core.announce('contact', { ...contact('bob'), verified: true });
  expect(bubble.contacts.map((c) => [c.name, c.verified])).toEqual([
    ['bea', false],
    ['bob', true],
    ['carol', false]
  ]);
});

test('missed events are made up for by reading again', async () => {
  const [bubble, core] = await started();
  core.answers.overview = () => ({ ...overview(), conversations: [] });
  core.announce('missed', null);
  await expect.poll(() => bubble.conversations).toEqual([]);
});

test('what is heard while an overview is read is newer than the overview', async () => {
  const [bubble, core] = await started();
  const answers: ((all: Overview) => void)[] = [];
  const slow = (): Promise<Overview> => new Promise((resolve) => answers.push(resolve));
  core.answers.overview = slow as unknown as () => Overview;
  core.announce('missed', null);
  await expect.poll(() => answers.length).toBe(1);
  core.announce('conversation', conversation('bob', message('bob', 9), 4));
  answers[0]?.(overview());
  await expect.poll(() => bubble.unread).toBe(4); // not the 2 of the overview
  core.announce('missed', null);
  core.announce('missed', null); // of two overviews the later counts, whichever comes last
  await expect.poll(() => answers.length).toBe(3);
  core.announce('conversation', conversation('new', null));
  answers[2]?.(overview());
  await expect.poll(() => bubble.conversations.length).toBe(3);
  answers[1]?.({ ...overview(), conversations: [] });
  await new Promise((later) => setTimeout(later, 0));
  expect(bubble.conversations.map((c) => c.name)).toEqual(['new', 'bob', 'carol']);
});

test('people chosen in a reactive list reach the core', async () => {
  const [bubble, core] = await started({
    createGroup: () => conversation('harbour', null),
    addMembers: () => null
  });
  const chosen = $state(['id of bob']);
  expect(await bubble.createGroup('harbour', chosen)).toBe('harbour');
  expect(await bubble.addMembers('harbour', chosen)).toBe(true);
  expect(core.asked.slice(1).map(([, params]) => params)).toEqual([
    { name: 'harbour', members: ['id of bob'] },
    { conversation: 'harbour', members: ['id of bob'] }
  ]);
});

test('a refusal is kept as a code until the next attempt', async () => {
  const [bubble, core] = await started({ direct: refuse('not-member'), invite: refuse('not-allowed') });
  expect(await bubble.direct('id of bob')).toBeUndefined();
  expect(bubble.failure).toBe('not-member');
  expect(await bubble.invite(1, 24)).toBe('');
  expect(bubble.failure).toBe('not-allowed');
  core.answers.leave = () => null;
  expect(await bubble.leave('bob')).toBe(true);
  expect(bubble.failure).toBe('');
});

test('receipts stay as they were when the core refuses', async () => {
  const [bubble, core] = await started({ setSettings: refuse('full') });
  await bubble.setReceipts(false);
  expect([bubble.settings.noReceipts, bubble.failure]).toEqual([false, 'full']);
  core.answers.setSettings = () => null;
  await bubble.setReceipts(false);
  expect(bubble.settings.noReceipts).toBe(true);
});

test('a warning shows once, until it is dismissed', async () => {
  const [bubble, core] = await started();
  core.announce('warning', { kind: 'fork' });
  core.announce('warning', { kind: 'fork' });
  expect(bubble.warnings).toEqual(['fork']);
  bubble.dismiss('fork');
  expect(bubble.warnings).toEqual([]);
});

test('it listens no more once it is stopped', async () => {
  const [bubble, core] = await started();
  expect(core.listeners()).toBeGreaterThan(0);
  bubble.stop();
  expect(core.listeners()).toBe(0);
});
