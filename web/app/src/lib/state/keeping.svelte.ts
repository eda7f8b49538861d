/** What it needs of navigator.storage; tests put a fake in its place. */
export interface Shelter {
  persisted(): Promise<boolean>;
  persist(): Promise<boolean>;
}

/**
 * Whether the browser promises to keep this device's vault. Without that promise it may delete all that a site stored
 * when the disk runs full, and some browsers do so when the site was not visited for a while.
 */
export class Keeping {
  /** 'unknown' until the browser, or the person that it asks, has answered. */
  promise = $state<'unknown' | 'kept' | 'refused'>('unknown');
  private asked = false;

  constructor(private readonly shelter: Shelter | undefined) {}

  /** Asks for the promise, once. Only a device that keeps a vault has something to ask for. */
  async ask(): Promise<void> {
    if (this.asked) return;
    this.asked = true;
    try {
      const kept = this.shelter && ((await this.shelter.persisted()) || (await this.shelter.persist()));
      this.promise = kept ? 'kept' : 'refused';
    } catch {
      this.promise = 'refused'; // a browser that cannot say promises nothing
    }
  }
}
