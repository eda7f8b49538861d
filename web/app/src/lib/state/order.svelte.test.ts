// However late the page hears of what happens in the core, and whatever is said twice or missed, it ends up showing
// what the core has. Events come in their order, as from every worker; an answer can come long after what it tells
// of was read. The runs are random; a seed names each, so that a failure can be run again.
import { expect, test } from 'vitest';
import type { Message } from '$lib/core/generated/api';
import { FakeCore, message } from '../../../tests/support/fakecore';
import { HistoryState } from './history.svelte';

const runs = 300;

/** Random numbers below n that a seed decides (mulberry32). */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * n);
  };
}

/** A core that has messages, and tells of them badly: late and twice; what it drops it calls missed. */
class Teller {
  readonly stored: Message[];
  readonly core: FakeCore;
  private readonly untold: (() => void)[] = [];

  constructor(
    private readonly roll: (n: number) => number,
    n: number
  ) {
    this.stored = Array.from({ length: n }, (_, i) => message('bob', i + 1));
    this.core = new FakeCore({
      history: ({ oldest, after, before, limit }) => {
        const now =
          oldest || after > 0
            ? this.stored.filter((m) => m.cursor > after).slice(0, limit)
            : this.stored.filter((m) => before === 0 || m.cursor < before).slice(-limit);
        return this.late({ messages: now }) as never; // the fake core waits for it
      }
    });
  }

  /** One thing happens in the core: a message comes, or an earlier one gets further. */
  happen(): void {
    const last = this.stored.at(-1)?.cursor ?? 0;
    if (this.roll(3) > 0 || this.stored.length === 0) {
      const fresh = message('bob', last + 1);
      this.stored.push(fresh);
      this.tell('message', fresh);
    } else {
      const at = this.roll(this.stored.length);
      const changed: Message = { ...(this.stored[at] as Message), state: 'read' };
      this.stored[at] = changed;
      this.tell('state', changed);
    }
  }

  /** The page hears some of what it was not told yet. */
  hear(): void {
    for (const say of this.untold.splice(0, 1 + this.roll(3))) say();
  }

  /** An answer that was read now, and comes when it will. */
  private async late<T>(answer: T): Promise<T> {
    for (let turns = this.roll(40); turns > 0; turns--) await Promise.resolve();
    return answer;
  }

  /** The core's queue for the page runs over: all of it goes, and the page is told so. */
  miss(): void {
    this.untold.length = 0;
    this.core.announce('missed', null);
  }

  get quiet(): boolean {
    return this.untold.length === 0;
  }

  private tell(event: 'message' | 'state', m: Message): void {
    const say = (): void => {
      this.core.announce(event, m);
    };
    this.untold.push(say);
    if (this.roll(4) === 0) this.untold.push(say); // twice
  }
}

/** How a person moves in a conversation. */
const moves = [
  (h: HistoryState) => h.earlier(),
  (h: HistoryState) => h.later(),
  (h: HistoryState) => h.toEnd(),
  (h: HistoryState) => h.toStart()
];

/** Lets every answer that is on its way arrive. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets some of them come nearer. */
async function wait(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await Promise.resolve();
}

const seen = (messages: readonly Message[]): string[] =>
  messages.map((m) => `${String(m.cursor)} ${m.state}`);

test('a conversation is shown as the core has it, without gaps and doubles', async () => {
  for (let seed = 1; seed <= runs; seed++) {
    const roll = dice(seed);
    const teller = new Teller(roll, roll(700));
    const history = new HistoryState(teller.core, 'bob');
    const starting = history.start();
    for (let step = 0; step < 40; step++) {
      const what = roll(14);
      if (what < 5) teller.happen();
      else if (what < 9) teller.hear();
      else if (what === 9) teller.miss();
      else void moves[what - 10]?.(history);
      await wait(roll(12));
    }
    while (!teller.quiet) teller.hear();
    await starting;
    await settle();
    const first = history.messages[0]?.cursor ?? 1;
    const last = history.messages.at(-1)?.cursor ?? 0;
    expect(seen(history.messages), `seed ${String(seed)}`).toEqual(
      seen(teller.stored.filter((m) => m.cursor >= first && m.cursor <= last))
    );
    if (history.complete) expect(first, `seed ${String(seed)}`).toBe(1);
    if (history.latest) expect(last, `seed ${String(seed)}`).toBe(teller.stored.length);
    history.stop();
    expect(teller.core.listeners()).toBe(0);
  }
});
