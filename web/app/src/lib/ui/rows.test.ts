import { expect, test } from 'vitest';
import { Rows } from './rows';

test('rows stand where the measured heights put them, and the others where the average does', () => {
  const rows = new Rows(50);
  rows.set(['a', 'b', 'c', 'd']);
  expect([rows.top(0), rows.top(2), rows.total]).toEqual([0, 100, 200]);
  expect(rows.measure('b', 80)).toBe(true);
  expect(rows.measure('b', 80.05)).toBe(false);
  rows.measure('c', 40);
  expect([rows.top(1), rows.top(2), rows.top(3), rows.total]).toEqual([60, 140, 180, 240]);
});

test('a height goes with its row when others come and go', () => {
  const rows = new Rows(10);
  rows.set(['b', 'c']);
  rows.measure('b', 30);
  rows.measure('c', 50);
  rows.set(['a', 'b', 'c']);
  expect([rows.top(1), rows.top(2), rows.total]).toEqual([40, 70, 120]);
  rows.set(['c']);
  expect(rows.total).toBe(50);
  rows.forget();
  expect(rows.total).toBe(10);
});

test('the row at a place is found, and places outside belong to the nearest row', () => {
  const rows = new Rows(10);
  rows.set(['a', 'b', 'c']);
  expect([-5, 0, 9.9, 10, 29, 30, 1000].map((y) => rows.at(y))).toEqual([0, 0, 0, 1, 2, 2, 2]);
  rows.set([]);
  expect([rows.at(5), rows.total]).toEqual([0, 0]);
});
