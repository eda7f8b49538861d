import { CoreError } from '$lib/core/core';
import { beforeEach, expect, test } from 'vitest';
import { FakeCore, message, refuse } from '../../../tests/support/fakecore';
import { isOpen, messageAs, pieceOf, run, type Piece } from './masked';
import { purposeOf, Veil } from './veil.svelte';

const gesture = new Event('click');
const all = { conversation: 'harbour', item: '' };
const sealed = (text: string): string => `${'s'.repeat(22)}sealed-${text}`;
const piece = (item: string, ...echo: true[]): Piece => ({
  conversation: 'harbour',
  item,
  sealed: [sealed(item)],
  ...(echo.length > 0 ? { echo: true } : {})
});

let core: FakeCore;
let tick: () => void;
let veil: Veil;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const asked = (method: string): number => core.asked.filter(([m]) => m === method).length;

beforeEach(() => {
  core = new FakeCore({
    reveal: () => null,
    cover: () => null,
    spend: () => null,
    shorten: () => null,
    unseal: (p) => ({ texts: p.sealed.map((s) => s.slice(29)) })
  });
  tick = () => undefined;
  veil = new Veil(
    core,
    (event, purpose) =>
      event === gesture
        ? Promise.resolve(new TextEncoder().encode(purpose))
        : Promise.reject(new CoreError('masked')),
    () => 3,
    () => () => () => undefined,
    (_, each) => {
      tick = each;
      return () => (tick = () => undefined);
    }
  );
});

test('only what is revealed and in sight has its text', async () => {
  for (const p of [piece('1'), piece('2'), { ...piece('3'), conversation: 'market' }]) veil.enter(p);
  await veil.reveal(gesture, { conversation: 'harbour', item: '1' });
  expect(['1', '2', '3'].map((item) => veil.read(sealed(item)))).toEqual(['1', undefined, undefined]);
  expect(core.asked.find(([m]) => m === 'reveal')?.[1]).toEqual({
    conversation: 'harbour',
    item: '1',
    held: false,
    answer: new TextEncoder().encode('reveal\nharbour\n1\ntimed')
  });
  await veil.reveal(gesture, all);
  veil.enter(piece('late'));
  await settled();
  expect(['1', '2', '3', 'late'].map((item) => veil.read(sealed(item)))).toEqual([
    '1',
    '2',
    undefined,
    'late'
  ]);
});

test('without a gesture nothing is asked of the core', async () => {
  await veil.reveal(new Event('click'), all);
  expect([veil.shown, veil.failure, asked('reveal')]).toEqual([undefined, 'masked', 0]);
});

test('it counts down, then masks here and in the core', async () => {
  veil.enter(piece('1'));
  await veil.reveal(gesture, all);
  expect(veil.left).toBe(3);
  tick();
  tick();
  expect([veil.left, veil.read(sealed('1'))]).toEqual([1, '1']);
  tick();
  expect([veil.left, veil.shown, veil.read(sealed('1')), asked('cover')]).toEqual([
    0,
    undefined,
    undefined,
    1
  ]);
});

test('the core masks on its own clock too', async () => {
  veil.enter(piece('1'));
  await veil.reveal(gesture, all);
  core.announce('covered', null);
  expect([veil.shown, veil.read(sealed('1'))]).toEqual([undefined, undefined]);
});

test('closing while the core is opening leaves nothing open', async () => {
  veil.enter(piece('1'));
  const opening = veil.reveal(gesture, all);
  await Promise.resolve();
  veil.close();
  await opening;
  expect([veil.shown, veil.read(sealed('1'))]).toEqual([undefined, undefined]);
  expect(asked('reveal') === 0 || asked('cover') > 0).toBe(true);
});

test('a text that arrives after closing is dropped', async () => {
  await veil.reveal(gesture, all);
  veil.enter(piece('1'));
  veil.close();
  await settled();
  expect([asked('unseal'), veil.read(sealed('1'))]).toEqual([1, undefined]);
});

test('a tap is timed, a hold lasts until the finger is up', async () => {
  const one = { conversation: 'harbour', item: '1' };
  await veil.reveal(gesture, one, true);
  expect([veil.held, veil.left]).toEqual([true, 60]);
  veil.release(true);
  expect([veil.held, veil.left, asked('shorten')]).toEqual([false, 3, 1]);
  await veil.reveal(gesture, one, true);
  veil.release(false);
  expect(veil.shown).toBeUndefined();
  const quick = veil.reveal(gesture, one, true);
  veil.release(true);
  await quick;
  expect([veil.shown, veil.left, asked('shorten')]).toEqual([one, 3, 2]);
});

test('out of sight: the item is spent, a single one closes, an echo is only forgotten', async () => {
  const [first, second, echo] = [piece('1'), piece('2'), piece('2', true)];
  for (const p of [first, second, echo]) veil.enter(p);
  await veil.reveal(gesture, all);
  veil.leave(first);
  expect([veil.read(sealed('1')), veil.read(sealed('2')), asked('spend')]).toEqual([undefined, '2', 1]);
  veil.leave(echo);
  expect([veil.read(sealed('2')), asked('spend')]).toEqual(['2', 1]);
  await veil.reveal(gesture, { conversation: 'harbour', item: '2' });
  veil.leave(second);
  expect([veil.shown, veil.read(sealed('2'))]).toEqual([undefined, undefined]);
});

test('a locked core is no failure while masking', async () => {
  await veil.reveal(gesture, all);
  core.answers.cover = refuse('locked');
  veil.stop();
  await settled();
  expect([veil.shown, veil.failure, core.listeners()]).toEqual([undefined, '', 0]);
});

test('a message shows runs of its ciphertext until all of it may be read', () => {
  const m = { ...message('harbour', 1), sealed: true, text: sealed('text'), fromName: sealed('bob') };
  const texts: Record<string, string> = { [sealed('text')]: 'hello' };
  const read = (s: string): string | undefined => texts[s];
  expect(pieceOf(m).sealed).toEqual([sealed('text'), sealed('bob')]);
  expect(isOpen(m, read)).toBe(false);
  expect(messageAs(m, read)).toMatchObject({ text: 'hello', fromName: 'seal ed-b ob', sealed: true });
  texts[sealed('bob')] = 'bob';
  expect(messageAs(m, read)).toMatchObject({ text: 'hello', fromName: 'bob', sealed: false });
  const plain = message('harbour', 2);
  expect(messageAs(plain, read)).toBe(plain);
  expect(run(`${'s'.repeat(22)}0123456789abcdef`)).toBe('0123 4567 89ab');
});

test('the purpose names what is asked for, and how', () => {
  expect(purposeOf(all, true)).toBe('reveal\nharbour\n\nheld');
});
