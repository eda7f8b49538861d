/**
 * Where the rows of a long list stand: each has the height that was measured, or an estimate until it is.
 * Keys are unique; heights are kept by key, so that rows may come and go above and below.
 */
export class Rows {
  private readonly heights = new Map<string, number>();
  private keys: readonly string[] = [];
  private tops: number[] = [0];
  private sum = 0;
  private stale = false;

  /** @param guess is the height of a row before any was measured. */
  constructor(private readonly guess: number) {}

  /** Says which rows there are now, from the first to the last. */
  set(keys: readonly string[]): void {
    this.keys = keys;
    this.stale = true;
  }

  /** Takes a measured height in, and says whether it is news. */
  measure(key: string, height: number): boolean {
    const old = this.heights.get(key);
    if (old !== undefined && Math.abs(old - height) < 0.1) return false;
    this.heights.set(key, height);
    this.sum += height - (old ?? 0);
    this.stale = true;
    return true;
  }

  measured(key: string): boolean {
    return this.heights.has(key);
  }

  /** Forgets the heights, as when the width has changed. */
  forget(): void {
    this.heights.clear();
    this.sum = 0;
    this.stale = true;
  }

  /** The height of all rows. */
  get total(): number {
    return this.top(this.keys.length);
  }

  /** Where row i begins; i may be the number of rows. */
  top(i: number): number {
    this.settle();
    return this.tops[Math.min(Math.max(i, 0), this.keys.length)] ?? 0;
  }

  /** The row that y lies in: the first one for what is above all, the last one for what is below. */
  at(y: number): number {
    this.settle();
    let low = 0;
    let high = this.keys.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.tops[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private settle(): void {
    if (!this.stale) return;
    this.stale = false;
    const estimate = this.heights.size > 0 ? this.sum / this.heights.size : this.guess;
    let y = 0;
    this.tops = this.keys.map((key) => {
      const top = y;
      y += this.heights.get(key) ?? estimate;
      return top;
    });
    this.tops.push(y);
  }
}
