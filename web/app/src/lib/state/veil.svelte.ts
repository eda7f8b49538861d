import type { Permit } from '$lib/core/gate';
import type { Caller } from '$lib/core/core';
import { covers, type Piece, type Target } from './masked';
import { codeOf } from './session.svelte';

/** Calls tick again and again, until what it returns is called. Tests have one of their own. */
export type Every = (milliseconds: number, tick: () => void) => () => void;

/** Follows whether an element is in sight: `platform/sight`. */
export type Sight = (enter: () => void, leave: () => void, gone: () => void) => (node: Element) => () => void;

export const interval: Every = (milliseconds, tick) => {
  const timer = setInterval(tick, milliseconds);
  return () => {
    clearInterval(timer);
  };
};

/**
 * What a masked screen shows of its texts: nothing, but for one item or one conversation, for a moment.
 * The core holds the key and has a clock of its own; this class asks, shows, and forgets.
 */
export class Veil {
  /** What may be read now. */
  shown = $state.raw<Target>();
  /** Whether it is shown only while a finger is down. */
  held = $state(false);
  /** Whole seconds until it closes by itself. */
  left = $state(0);
  failure = $state('');

  private texts = $state.raw<Readonly<Record<string, string>>>({});
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on the screen depends on it
  private readonly inSight = new Set<Piece>();
  private turn = 0; // grows with each reveal and each close: an answer to an older one is dropped
  private asking = 0;
  private covered: Promise<unknown> = Promise.resolve();
  private stopClock = (): void => undefined;
  private readonly stopEvents: () => void;

  constructor(
    private readonly core: Caller,
    private readonly permit: Permit,
    private readonly seconds: () => number,
    private readonly sight: Sight,
    private readonly every: Every = interval
  ) {
    this.stopEvents = core.on('covered', () => {
      this.close();
    });
  }

  stop(): void {
    this.close();
    this.stopEvents();
  }

  /** The text of a sealed one, while it may be read. */
  readonly read = (sealed: string): string | undefined => this.texts[sealed];

  shows(target: Target): boolean {
    return this.shown !== undefined && covers(this.shown, target);
  }

  /** Shows the target, if the event is a gesture; held means until [release]. */
  async reveal(event: Event, target: Target, held = false): Promise<void> {
    const permission = this.permit(event, purposeOf(target, held)); // now: the event counts only at once
    this.close();
    const turn = (this.asking = this.turn);
    this.held = held;
    this.failure = '';
    try {
      const [answer] = await Promise.all([permission, this.covered]);
      if (turn !== this.turn) return;
      await this.core.call('reveal', { conversation: target.conversation, item: target.item, held, answer });
    } catch (failure) {
      if (turn === this.turn) this.failure = codeOf(failure);
      return;
    }
    if (turn !== this.turn) {
      if (this.asking === turn) this.cover(); // it was closed while the core was opening it
      return;
    }
    this.shown = target;
    this.count(held ? 60 : this.seconds());
    if (held && !this.held) this.settle();
    await Promise.all([...this.inSight].map((piece) => this.unseal(piece)));
  }

  /** The finger is up: a tap becomes a timed reveal, a longer touch ends. */
  release(tap: boolean): void {
    if (!this.held) return;
    if (!tap) {
      this.close();
      return;
    }
    this.held = false;
    if (this.shown) this.settle();
  }

  /** Masks everything, at once here and in the core. */
  close(): void {
    this.turn++;
    this.stopClock();
    this.texts = {};
    this.held = false;
    this.left = 0;
    if (!this.shown) return;
    this.shown = undefined;
    this.cover();
  }

  /** A piece came into sight: it is shown if it may be. */
  enter(piece: Piece): void {
    this.inSight.add(piece);
    void this.unseal(piece);
  }

  /** A piece went out of sight: its texts are forgotten, and need a new gesture to come back. */
  leave(piece: Piece): void {
    const wasSeen = this.inSight.delete(piece) || piece.sealed.some((s) => this.read(s) !== undefined);
    if (!wasSeen || !this.shows(piece)) return;
    const elsewhere = [...this.inSight].some(
      (p) => p.conversation === piece.conversation && p.item === piece.item
    );
    if (piece.echo && elsewhere) return;
    this.texts = Object.fromEntries(
      Object.entries(this.texts).filter(([sealed]) => !piece.sealed.includes(sealed))
    );
    if (piece.echo) return;
    if (this.shown?.item === piece.item) this.close();
    else void this.core.call('spend', { conversation: piece.conversation, item: piece.item }).catch(ignore);
  }

  /** For `{@attach}`: says where pieces stand, so that they follow what is in sight there. */
  place(pieces: readonly Piece[]): ((node: Element) => () => void) | undefined {
    if (pieces.every((p) => p.sealed.length === 0)) return undefined;
    return this.sight(
      () => {
        for (const piece of pieces) this.enter(piece);
      },
      () => {
        for (const piece of pieces) this.leave(piece);
      },
      () => {
        for (const piece of pieces) this.inSight.delete(piece);
      }
    );
  }

  private async unseal(piece: Piece): Promise<void> {
    const turn = this.turn;
    const sealed = piece.sealed.filter((s) => s !== '' && this.read(s) === undefined);
    if (sealed.length === 0 || !this.shows(piece)) return;
    const { conversation, item } = piece;
    try {
      const { texts } = await this.core.call('unseal', { conversation, item, sealed });
      if (turn !== this.turn || !this.inSight.has(piece)) return;
      this.texts = { ...this.texts, ...Object.fromEntries(sealed.map((s, i) => [s, texts[i] ?? ''])) };
    } catch {
      // it stays masked: it was closed meanwhile, or was out of sight in this reveal before
    }
  }

  private settle(): void {
    this.count(this.seconds());
    void this.core.call('shorten', null).catch(ignore);
  }

  private count(seconds: number): void {
    this.stopClock();
    this.left = seconds;
    this.stopClock = this.every(1000, () => {
      this.left--;
      if (this.left <= 0) this.close();
    });
  }

  private cover(): void {
    this.covered = this.core.call('cover', null).catch(ignore);
  }
}

export function purposeOf(target: Target, held: boolean): string {
  return ['reveal', target.conversation, target.item, held ? 'held' : 'timed'].join('\n');
}

const ignore = (): undefined => undefined; // the core is locked: its keys are gone with it
