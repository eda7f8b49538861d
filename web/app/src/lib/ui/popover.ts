const gap = 6;
const margin = 8;

/** The part of the screen that a thing hangs from. */
export type Anchor = Pick<DOMRect, 'left' | 'top' | 'right' | 'bottom'>;

/**
 * Where something of this size goes: below its anchor and flush with one of its sides, above where there
 * is no room below, and always within the screen.
 */
export function placeBeside(
  anchor: Anchor,
  size: { width: number; height: number },
  screen: { width: number; height: number },
  flush: 'start' | 'end'
): { left: number; top: number } {
  const wanted = flush === 'start' ? anchor.left : anchor.right - size.width;
  const left = Math.max(margin, Math.min(wanted, screen.width - size.width - margin));
  const below = anchor.bottom + gap;
  const above = anchor.top - gap - size.height;
  const fits = below + size.height <= screen.height - margin;
  const top = fits || above < margin ? Math.min(below, screen.height - size.height - margin) : above;
  return { left, top: Math.max(margin, top) };
}

/** The next of n places for an arrow key, Home or End; undefined for another key. Arrows go round. */
export function stepTo(key: string, at: number, n: number): number | undefined {
  if (n === 0) return undefined;
  if (key === 'ArrowDown' || key === 'ArrowRight') return (at + 1) % n;
  if (key === 'ArrowUp' || key === 'ArrowLeft') return (at - 1 + n) % n;
  if (key === 'Home') return 0;
  if (key === 'End') return n - 1;
  return undefined;
}
