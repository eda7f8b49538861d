import { expect, test } from 'vitest';
import { shortcutOf } from './keys';

const plain = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

test('each shortcut is found', () => {
  expect(shortcutOf({ ...plain, ctrlKey: true, key: 'k' }, true)).toBe('search');
  expect(shortcutOf({ ...plain, metaKey: true, key: 'K' }, false)).toBe('search');
  expect(shortcutOf({ ...plain, altKey: true, key: 'ArrowUp' }, true)).toBe('previous');
  expect(shortcutOf({ ...plain, altKey: true, key: 'ArrowDown' }, true)).toBe('next');
  expect(shortcutOf({ ...plain, ctrlKey: true, key: '/' }, true)).toBe('help');
  expect(shortcutOf({ ...plain, shiftKey: true, key: '?' }, false)).toBe('help');
});

test('what writes, and what the browser has its own use for, is left alone', () => {
  expect(shortcutOf({ ...plain, shiftKey: true, key: '?' }, true)).toBe('');
  expect(shortcutOf({ ...plain, key: 'k' }, false)).toBe('');
  expect(shortcutOf({ ...plain, key: 'ArrowUp' }, false)).toBe('');
  expect(shortcutOf({ ...plain, ctrlKey: true, shiftKey: true, key: 'K' }, false)).toBe('');
  expect(shortcutOf({ ...plain, ctrlKey: true, altKey: true, key: 'ArrowDown' }, false)).toBe('');
});
