/** The place of a message among those of one author that follow each other. */
export type Run = 'alone' | 'first' | 'middle' | 'last';

interface Said {
  from: string;
  kind: string;
  sent: number;
}

const pause = 10 * 60_000; // a silence this long, in milliseconds, ends a run

function together(a: Said | undefined, b: Said | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.from === b.from &&
    a.kind !== 'change' &&
    b.kind !== 'change' &&
    b.sent - a.sent < pause &&
    new Date(a.sent).toDateString() === new Date(b.sent).toDateString()
  );
}

/** Where the message at i stands: a run ends with its author, its day, a pause, or a notice between. */
export function runOf(messages: readonly Said[], i: number): Run {
  const before = together(messages[i - 1], messages[i]);
  const after = together(messages[i], messages[i + 1]);
  if (before) return after ? 'middle' : 'last';
  return after ? 'first' : 'alone';
}
