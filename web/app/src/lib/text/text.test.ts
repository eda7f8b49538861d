import { expect, test } from 'vitest';
import { en } from './en';
import { sentence } from './error';
import { fr } from './fr';
import { detect } from './text.svelte';

/** Every sentence with its path; those with blanks are given something to put there. */
function sentences(table: object, path = ''): [string, string][] {
  return Object.entries(table).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const here = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'string') return [[here, value]];
    if (typeof value !== 'function') return sentences(value as object, here);
    const fill = value as (...blanks: unknown[]) => string;
    return [2, 1].map((n) => [`${here}(${n})`, fill(n, 'x')]);
  });
}

const said = sentences(en);
const dit = new Map(sentences(fr));

test('both languages say the same things, and nothing empty', () => {
  expect([...dit.keys()]).toEqual(said.map(([path]) => path));
  for (const [path, words] of [...said, ...dit]) {
    if (path !== 'reason.') expect(words.trim(), path).not.toBe('');
  }
});

test('French uses its own words and its own spaces', () => {
  const alike = said.filter(([path, words]) => words.length > 14 && dit.get(path) === words);
  expect(alike).toEqual([]);
  for (const [path, words] of dit) expect(words, path).not.toMatch(/\w [;!?]/u); // a space that may break
});

test('a failure has a sentence, also one that the page does not know', () => {
  expect(sentence(en, '')).toBe('');
  expect(sentence(en, 'passphrase')).toBe(en.error.passphrase);
  expect(sentence(fr, 'something new')).toBe(fr.error.other);
});

test('the language is the first that Bulle speaks', () => {
  expect(detect(['de-DE', 'fr-CA', 'en'])).toBe('fr');
  expect(detect(['en-GB', 'fr'])).toBe('en');
  expect(detect([])).toBe('en');
});
