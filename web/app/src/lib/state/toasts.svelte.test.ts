import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Toasts } from './toasts.svelte';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const texts = (toasts: Toasts): string[] => toasts.list.map((shown) => shown.text);

test('a note goes by itself, a failure and a question stay', () => {
  const toasts = new Toasts();
  toasts.show({ text: 'copied' });
  toasts.show({ text: 'full', kind: 'danger' });
  toasts.show({ text: 'deleted', actionLabel: 'undo', onaction: () => undefined });
  expect(texts(toasts)).toEqual(['copied', 'full', 'deleted']);
  vi.advanceTimersByTime(7000);
  expect(texts(toasts)).toEqual(['full', 'deleted']);
  toasts.close(toasts.list[0]?.id ?? 0);
  expect(texts(toasts)).toEqual(['deleted']);
});

test('the same words are said once, and the oldest make room', () => {
  const toasts = new Toasts();
  for (const text of ['a', 'b', 'a', 'c', 'd']) toasts.show({ text });
  expect(texts(toasts)).toEqual(['a', 'c', 'd']);
});
