import { expect, test } from 'vitest';
import { recall, remember } from './remembered';

function shelf(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> & { held: Map<string, string> } {
  const held = new Map<string, string>();
  return {
    held,
    getItem: (name) => held.get(name) ?? null,
    setItem: (name, value) => void held.set(name, value),
    removeItem: (name) => void held.delete(name)
  };
}

test('what is kept comes back, and can be forgotten', () => {
  const kept = shelf();
  remember(kept, { theme: 'dark', highContrast: true, language: 'fr' });
  expect(recall(kept)).toEqual({ theme: 'dark', highContrast: true, language: 'fr' });
  remember(kept, undefined);
  expect(kept.held.size).toBe(0);
  expect(recall(kept)).toEqual({});
});

test('what makes no sense is left out, and a shelf that refuses is none', () => {
  const kept = shelf();
  kept.setItem('bulle.look', '{"theme":"pink","language":"de","highContrast":1}');
  expect(recall(kept)).toEqual({});
  kept.setItem('bulle.look', 'not json');
  expect(recall(kept)).toEqual({});
  const refuse = (): never => {
    throw new DOMException('denied', 'SecurityError');
  };
  const closed = { getItem: refuse, setItem: refuse, removeItem: refuse };
  expect(recall(closed)).toEqual({});
  remember(closed, { theme: 'dark', highContrast: false, language: 'en' });
  expect(recall(undefined)).toEqual({});
});
