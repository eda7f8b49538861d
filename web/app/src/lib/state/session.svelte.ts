import { CoreError, type Caller } from '$lib/core/core';
import type { LinkKind, Strength } from '$lib/core/generated/api';

/** What the session needs of a core beyond calls. */
export interface LockableCore extends Caller {
  readonly ready: Promise<void>;
  lock(): Promise<void>;
}

export type Phase = 'starting' | 'welcome' | 'locked' | 'open' | 'broken';

/** Returns the code of a failure, 'other' for anything unexpected. */
export function codeOf(failure: unknown): string {
  return failure instanceof CoreError ? failure.code : 'other';
}

/**
 * The way from a closed page to an open vault and back. It owns the core: locking kills one and
 * starts the next.
 */
export class Session {
  phase = $state<Phase>('starting');
  /** Whether this device keeps a vault. */
  kept = $state(false);
  failure = $state('');
  busy = $state(false);
  core = $state.raw<LockableCore>();
  /** The digits that both devices show while this one is being linked. */
  code = $state('');

  constructor(private readonly makeCore: () => LockableCore) {}

  async start(): Promise<void> {
    this.phase = 'starting';
    this.core = this.makeCore();
    this.code = '';
    this.core.on('linking', (now) => {
      if (this.phase !== 'open') this.code = now.code;
    });
    this.core.on('removed', () => {
      void this.removed();
    });
    try {
      await this.core.ready;
      const state = await this.core.call('state', null);
      if (state.vault === 'locked') this.kept = true;
      if (state.vault === 'open' && state.enrolled) this.phase = 'open';
      else this.phase = state.vault === 'locked' ? 'locked' : 'welcome';
    } catch (failure) {
      this.failure = codeOf(failure);
      this.phase = 'broken';
    }
  }

  /** Opens the vault of this device. Resolves to whether it opened; `failure` says why not. */
  unlock(passphrase: string): Promise<boolean> {
    return this.attempt(async (core) => {
      await core.call('unlock', { passphrase });
      const state = await core.call('state', null);
      this.phase = state.enrolled ? 'open' : 'welcome';
    });
  }

  /** Makes a vault, unless one is open already, and joins or claims with the link. */
  enrol(link: string, name: string, passphrase: string, keep: boolean): Promise<boolean> {
    return this.attempt(async (core) => {
      const state = await core.call('state', null);
      if (state.vault !== 'open') await core.call('createVault', { passphrase, keep });
      await core.call('enrol', { link, name });
      this.kept ||= keep;
      this.code = '';
      this.phase = 'open';
    });
  }

  /** What was on the screen goes first: the core takes a moment to zero its memory. */
  async lock(): Promise<void> {
    this.phase = 'starting';
    await this.core?.lock();
    await this.start();
  }

  /** This device was removed: what the core held is gone, and so is what is on the screen. */
  private async removed(): Promise<void> {
    this.failure = 'removed';
    this.phase = 'broken';
    await this.core?.lock();
  }

  async forget(): Promise<void> {
    await this.attempt(async (core) => {
      await core.call('forgetVault', null);
    });
    await this.start();
  }

  async readLink(link: string): Promise<LinkKind | undefined> {
    try {
      return await this.core?.call('readLink', { link });
    } catch {
      return undefined;
    }
  }

  async judge(passphrase: string): Promise<Strength | undefined> {
    try {
      return await this.core?.call('judgePassphrase', { passphrase });
    } catch {
      return undefined; // locked meanwhile: nobody looks at the meter any more
    }
  }

  async makePassphrase(): Promise<string> {
    return (await this.core?.call('makePassphrase', null))?.passphrase ?? '';
  }

  private async attempt(work: (core: LockableCore) => Promise<void>): Promise<boolean> {
    if (!this.core || this.busy) return false;
    this.busy = true;
    this.failure = '';
    try {
      await work(this.core);
      return true;
    } catch (failure) {
      this.failure = codeOf(failure);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
