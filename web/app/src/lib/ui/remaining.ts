/** A time that is left, in its largest unit, and in how many milliseconds these words change. */
export interface Remaining {
  unit: 'second' | 'minute' | 'hour' | 'day';
  n: number;
  next: number;
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000]
] as const;

/** Rounds up: what says "1 minute" is still there. */
export function remaining(ms: number): Remaining {
  const left = Math.max(0, ms);
  const [unit, size] = units.find(([, size]) => left > size) ?? (['second', 1000] as const);
  const n = Math.ceil(left / size);
  const over = left - (n - 1) * size;
  return { unit, n, next: Math.min(Math.max(over, 50), 3_600_000) };
}
