import { expect, test } from 'vitest';
import { runOf } from './runs';

const noon = new Date(2026, 3, 4, 12).getTime();
const minute = 60_000;
const said = (
  from: string,
  minutes: number,
  kind = 'text'
): { from: string; kind: string; sent: number } => ({
  from,
  kind,
  sent: noon + minutes * minute
});

test('messages of one author that follow each other are a run', () => {
  const all = [said('a', 0), said('a', 1), said('a', 2), said('b', 3), said('a', 4)];
  expect(all.map((_, i) => runOf(all, i))).toEqual(['first', 'middle', 'last', 'alone', 'alone']);
});

test('a pause, a new day and a notice end a run', () => {
  const paused = [said('a', 0), said('a', 11)];
  expect(paused.map((_, i) => runOf(paused, i))).toEqual(['alone', 'alone']);
  const night = [said('a', 12 * 60 - 1), said('a', 12 * 60)];
  expect(night.map((_, i) => runOf(night, i))).toEqual(['alone', 'alone']);
  const noticed = [said('a', 0), said('a', 1, 'change'), said('a', 2)];
  expect(noticed.map((_, i) => runOf(noticed, i))).toEqual(['alone', 'alone', 'alone']);
});
