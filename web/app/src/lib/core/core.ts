import type { Calls, Events } from './generated/api';
import { coreScript } from '$lib/platform/scripts';

/** A failure of the core, told by a stable code; `text` has the words for each. */
export class CoreError extends Error {
  constructor(readonly code: string) {
    super(`core: ${code}`);
    this.name = 'CoreError';
  }
}

/** What `state` needs of the core; tests put a fake in its place. */
export interface Caller {
  call<M extends keyof Calls>(method: M, params: Calls[M]['in']): Promise<Calls[M]['out']>;
  on<E extends keyof Events>(event: E, handle: (value: Events[E]) => void): () => void;
}

interface Pending {
  resolve: (value: never) => void;
  reject: (reason: CoreError) => void;
}

interface Answer {
  ready?: true;
  wiped?: true;
  failed?: string;
  id?: number;
  result?: unknown;
  error?: string;
  event?: keyof Events;
  value?: unknown;
}

/** How long the worker may take to zero its memory before it is killed all the same. */
const wipeTimeout = 500;

/**
 * The core: one worker holds one vault. Keys never leave it. [lock] zeroes the worker's memory and
 * kills it; a locked core refuses every call, and the page starts a new one.
 */
export class Core implements Caller {
  readonly ready: Promise<void>;
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private readonly handlers = new Map<string, Set<(value: never) => void>>();
  private next = 1;
  private locked = false;
  private settle: { ready: () => void; failed: (e: CoreError) => void; wiped: () => void } | undefined;

  constructor(start: () => Worker = startWorker) {
    let wiped = (): void => undefined;
    this.wiped = new Promise((resolve) => (wiped = resolve));
    this.ready = new Promise((ready, failed) => {
      this.settle = { ready, failed, wiped };
    });
    this.worker = start();
    this.worker.addEventListener('message', (e: MessageEvent<Answer>) => {
      this.receive(e.data);
    });
    this.worker.addEventListener('error', () => {
      this.fail('core-failed');
    });
  }

  private readonly wiped: Promise<void>;

  call<M extends keyof Calls>(method: M, params: Calls[M]['in']): Promise<Calls[M]['out']> {
    if (this.locked) return Promise.reject(new CoreError('locked'));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.worker.postMessage({ id, method, params }); // throws if the params cannot cross
      this.pending.set(id, { resolve, reject });
    });
  }

  on<E extends keyof Events>(event: E, handle: (value: Events[E]) => void): () => void {
    const set = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, set);
    set.add(handle);
    return () => set.delete(handle);
  }

  /** Ends the core: its memory is zeroed, then the worker is killed. May be called again. */
  async lock(): Promise<void> {
    if (this.locked) return;
    this.locked = true;
    this.fail('locked');
    this.worker.postMessage('wipe');
    await Promise.race([this.wiped, new Promise((resolve) => setTimeout(resolve, wipeTimeout))]);
    this.worker.terminate();
  }

  private receive(answer: Answer): void {
    if (answer.ready) this.settle?.ready();
    else if (answer.wiped) this.settle?.wiped();
    else if (answer.failed !== undefined) this.fail(answer.failed);
    else if (answer.event !== undefined) {
      for (const handle of this.handlers.get(answer.event) ?? []) handle(answer.value as never);
    } else if (answer.id !== undefined) this.answer(answer.id, answer);
  }

  private answer(id: number, answer: Answer): void {
    const call = this.pending.get(id);
    this.pending.delete(id);
    if (answer.error !== undefined) call?.reject(new CoreError(answer.error));
    else call?.resolve(answer.result as never);
  }

  private fail(code: string): void {
    const reason = new CoreError(code);
    this.settle?.failed(reason);
    for (const call of this.pending.values()) call.reject(reason);
    this.pending.clear();
  }
}

function startWorker(): Worker {
  return new Worker(coreScript(), { type: 'module', name: 'bulle-core' });
}
