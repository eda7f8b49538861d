import type { Outcome } from '$lib/release/keeper';

/** What the release needs of navigator.serviceWorker; tests put a fake in its place. */
export interface Registrar {
  register(script: string): Promise<unknown>;
  readonly ready: Promise<{ readonly active: { postMessage(value: unknown): void } | null }>;
  addEventListener(type: 'message', handle: (e: { readonly data: unknown }) => void): void;
  startMessages(): void;
}

/**
 * What the service worker thinks of the app that the relay offers. It is asked for only where the page comes from a
 * relay, and only on a device that keeps something: a session in memory leaves nothing in the browser.
 */
export class Release {
  outcome = $state<Outcome['result'] | 'unproven'>('unproven');
  private started = false;

  constructor(
    private readonly registrar: Registrar | undefined,
    private readonly script: () => string,
    private readonly protocol: string
  ) {}

  /** Begins to prove the app. May be called again. */
  async start(): Promise<void> {
    // The page of `bulle open` has no TLS: there the program that serves it is the one to trust.
    if (this.started || !this.registrar || this.protocol !== 'https:') return;
    this.started = true;
    this.registrar.addEventListener('message', (e) => {
      const { release } = e.data as { release?: Outcome };
      if (release) this.hear(release.result);
    });
    this.registrar.startMessages();
    try {
      await this.registrar.register(this.script());
      (await this.registrar.ready).active?.postMessage('check');
    } catch {
      // No service worker for this page: the browser does not trust the relay's certificate, cannot check Ed25519, or
      // could not load everything. The page works as it did; what was refused came as a message before.
    }
  }

  /** A refusal stays: a relay that shows a good app the next moment is still one that showed a bad one. */
  private hear(result: Outcome['result']): void {
    if (this.outcome !== 'refused' && !(this.outcome === 'new' && result === 'same')) this.outcome = result;
  }
}
