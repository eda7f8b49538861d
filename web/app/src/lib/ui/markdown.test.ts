import { expect, test } from 'vitest';
import { addressOf, parse } from './markdown';

test('each look is found, and what is not a look stays text', () => {
  expect(parse('a **b** *c* `d` https://e.org/f.')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'bold', text: 'b' },
    { kind: 'text', text: ' ' },
    { kind: 'italic', text: 'c' },
    { kind: 'text', text: ' ' },
    { kind: 'code', text: 'd' },
    { kind: 'text', text: ' ' },
    { kind: 'link', text: 'https://e.org/f' },
    { kind: 'text', text: '.' }
  ]);
  expect(parse('2*3*4 and ** alone')).toEqual([{ kind: 'text', text: '2*3*4 and ** alone' }]);
  expect(parse('```\nx = 1\n```')).toEqual([{ kind: 'block', text: 'x = 1\n' }]);
});

test('what is struck and what is quoted', () => {
  expect(parse('~~no~~ ~ ~~')).toEqual([
    { kind: 'strike', text: 'no' },
    { kind: 'text', text: ' ~ ~~' }
  ]);
  expect(parse('> who **said**\n>that\nI did')).toEqual([
    {
      kind: 'quote',
      runs: [
        { kind: 'text', text: 'who ' },
        { kind: 'bold', text: 'said' },
        { kind: 'text', text: '\nthat' }
      ]
    },
    { kind: 'text', text: 'I did' }
  ]);
  expect(parse('3 > 2')).toEqual([{ kind: 'text', text: '3 > 2' }]);
  expect(parse('```\n> prompt\n```\n> said')).toEqual([
    { kind: 'block', text: '> prompt\n' },
    { kind: 'text', text: '\n' },
    { kind: 'quote', runs: [{ kind: 'text', text: 'said' }] }
  ]);
});

test('only http and https become links', () => {
  expect(parse('javascript:alert(1)')).toEqual([{ kind: 'text', text: 'javascript:alert(1)' }]);
});

test('a long hostile text takes linear time', () => {
  const text =
    '**'.repeat(50_000) +
    '*'.repeat(50_000) +
    '`'.repeat(50_000) +
    '~~'.repeat(50_000) +
    '>\n'.repeat(50_000);
  const words = (p: ReturnType<typeof parse>[number]): string =>
    p.kind === 'quote' ? p.runs.map((r) => r.text).join('') : p.text;
  expect(parse(text).map(words).join('').length).toBeLessThanOrEqual(text.length);
});

test('a host that looks like another one is shown as it is asked for', () => {
  expect(addressOf('https://\u0430pple.com/ü?q#f')).toBe('https://xn--pple-43d.com/ü?q#f');
  expect(addressOf('https://apple.com@\u0430pple.com/x')).toBe('https://xn--pple-43d.com/x');
  expect(addressOf('https://e.org/é')).toBe('https://e.org/é');
});
