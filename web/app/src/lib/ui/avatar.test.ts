import { expect, test } from 'vitest';
import { hueOf, initialsOf } from './avatar';

test('the letters are those of the first and the last word', () => {
  expect(initialsOf('bob')).toBe('B');
  expect(initialsOf('  Camille de la Tour ')).toBe('CT');
  expect(initialsOf('Jean-Luc')).toBe('JL');
  expect(initialsOf('élodie')).toBe('É');
  expect(initialsOf('👩‍🚒 Ana')).toBe('👩‍🚒A');
  expect(initialsOf('—')).toBe('');
});

test('an identity keeps its hue, and a crowd has many', () => {
  expect(hueOf('ab12')).toBe(hueOf('ab12'));
  const crowd = Array.from({ length: 200 }, (_, i) => hueOf(`id of member ${i}`));
  expect(new Set(crowd).size).toBe(12);
});
