// vitest 5 prints failures with Map.groupBy, which Node 20 does not have: without
// this a failing test is reported as a failure of vitest, and not said which.

interface Grouping {
  groupBy?: <K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K) => Map<K, T[]>;
}

(Map as unknown as Grouping).groupBy ??= <K, T>(
  items: Iterable<T>,
  keyOf: (item: T, index: number) => K
): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
};
