import { expect, test } from 'vitest';
import { takeFragment } from './fragment';

function visit(address: string): [string, string[]] {
  const shown: string[] = [];
  const history = { replaceState: (_: unknown, __: string, url: string) => shown.push(url) };
  return [takeFragment(new URL(address) as unknown as Location, history as unknown as History), shown];
}

test('the secret part becomes the link and leaves the address bar', () => {
  expect(visit('https://relay:8443/#secret')).toEqual(['https://relay:8443/#secret', ['/']]);
  expect(visit('https://relay:8443/?x=1#secret')).toEqual(['https://relay:8443/#secret', ['/?x=1']]);
});

test('a page without a link has nothing to take', () => {
  expect(visit('https://relay:8443/')).toEqual(['', []]);
  expect(visit('https://relay:8443/#')).toEqual(['', []]);
});
