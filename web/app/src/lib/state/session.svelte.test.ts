import { CoreError } from '$lib/core/core';
import type { State } from '$lib/core/generated/api';
import { expect, test } from 'vitest';
import { FakeCore, refuse } from '../../../tests/support/fakecore';
import { codeOf, Session } from './session.svelte';

const state = (vault: State['vault'], enrolled = false) => ({ state: () => ({ vault, enrolled }) });

test('the first phase follows from what is on the device', async () => {
  for (const [answers, phase] of [
    [state('none'), 'welcome'],
    [state('locked'), 'locked'],
    [state('open', true), 'open'],
    [state('open', false), 'welcome'],
    [{ state: refuse('damaged') }, 'broken']
  ] as const) {
    const session = new Session(() => new FakeCore(answers));
    await session.start();
    expect(session.phase).toBe(phase);
  }
});

test('a core that cannot start is told by its code', async () => {
  const core = new FakeCore();
  core.ready = Promise.reject(new CoreError('core-failed'));
  const session = new Session(() => core);
  await session.start();
  expect([session.phase, session.failure]).toEqual(['broken', 'core-failed']);
});

test('a wrong passphrase stays locked and says so, the right one opens', async () => {
  const core = new FakeCore({ ...state('locked'), unlock: refuse('passphrase') });
  const session = new Session(() => core);
  await session.start();
  expect(await session.unlock('wrong')).toBe(false);
  expect([session.phase, session.failure, session.busy]).toEqual(['locked', 'passphrase', false]);
  Object.assign(core.answers, { unlock: () => null, ...state('open', true) });
  expect(await session.unlock('right')).toBe(true);
  expect([session.phase, session.failure]).toEqual(['open', '']);
});

test('a vault whose enrolment did not finish asks for the link again', async () => {
  const core = new FakeCore({ ...state('locked'), unlock: () => null });
  const session = new Session(() => core);
  await session.start();
  Object.assign(core.answers, state('open', false));
  await session.unlock('right');
  expect(session.phase).toBe('welcome');
  Object.assign(core.answers, { enrol: () => null });
  expect(await session.enrol('link', 'alice', '', true)).toBe(true);
  expect(core.asked.map(([method]) => method)).not.toContain('createVault');
});

test('enrolling makes a vault first; a refused link leaves the screen where it is', async () => {
  const core = new FakeCore({ ...state('none'), createVault: () => null, enrol: refuse('link-used') });
  const session = new Session(() => core);
  await session.start();
  expect(await session.enrol('link', 'alice', 'words', false)).toBe(false);
  expect([session.phase, session.failure]).toEqual(['welcome', 'link-used']);
  expect(core.asked).toContainEqual(['createVault', { passphrase: 'words', keep: false }]);
});

test('two attempts at once are one', async () => {
  const core = new FakeCore({ ...state('locked'), unlock: () => null });
  const session = new Session(() => core);
  await session.start();
  const both = await Promise.all([session.unlock('once'), session.unlock('twice')]);
  expect(both).toEqual([true, false]);
  expect(core.asked.filter(([method]) => method === 'unlock')).toHaveLength(1);
});

test('locking ends one core and starts the next', async () => {
  const cores: FakeCore[] = [];
  const session = new Session(() => {
    const core = new FakeCore(state(cores.length === 0 ? 'open' : 'locked', true));
    cores.push(core);
    return core;
  });
  await session.start();
  await session.lock();
  expect(cores.map((core) => core.locked)).toEqual([true, false]);
  expect(session.phase).toBe('locked');
  expect(session.core).toBe(cores[1]);
});

test('a vault that cannot be forgotten says why', async () => {
  const session = new Session(() => new FakeCore({ ...state('locked'), forgetVault: refuse('in-use') }));
  await session.start();
  await session.forget();
  expect([session.phase, session.failure]).toEqual(['locked', 'in-use']);
});

test('what is no link has no kind, and what is no refusal is told as other', async () => {
  const session = new Session(() => new FakeCore({ ...state('none'), readLink: refuse('bad-link') }));
  await session.start();
  expect(await session.readLink('nonsense')).toBeUndefined();
  expect(await session.judge('words')).toBeUndefined();
  expect(codeOf(new TypeError('x'))).toBe('other');
});
