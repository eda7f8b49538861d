import { expect, test } from 'vitest';
import { remaining } from './remaining';

test('a time that is left is rounded up, and changes when its words do', () => {
  expect(remaining(90_000)).toEqual({ unit: 'minute', n: 2, next: 30_000 });
  expect(remaining(60_000)).toEqual({ unit: 'second', n: 60, next: 1000 });
  expect(remaining(3_600_001)).toEqual({ unit: 'hour', n: 2, next: 50 });
  expect(remaining(9 * 86_400_000)).toMatchObject({ unit: 'day', n: 9, next: 3_600_000 });
  expect(remaining(-5)).toMatchObject({ unit: 'second', n: 0 });
});
