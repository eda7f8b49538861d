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

test('only http and https become links', () => {
  expect(parse('javascript:alert(1)')).toEqual([{ kind: 'text', text: 'javascript:alert(1)' }]);
});

test('a long hostile text takes linear time', () => {
  const text = '**'.repeat(50_000) + '*'.repeat(50_000) + '`'.repeat(50_000);
  expect(
    parse(text)
      .map((p) => p.text)
      .join('').length
  ).toBeLessThanOrEqual(text.length);
});

test('a host that looks like another one is shown as it is asked for', () => {
  expect(addressOf('https://\u0430pple.com/ü?q#f')).toBe('https://xn--pple-43d.com/ü?q#f');
  expect(addressOf('https://apple.com@\u0430pple.com/x')).toBe('https://xn--pple-43d.com/x');
  expect(addressOf('https://e.org/é')).toBe('https://e.org/é');
});
