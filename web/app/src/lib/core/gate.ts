import { CoreError, type Caller } from './core';

/** Answers the core's challenge for a purpose, if the event is a gesture of the member. */
export type Permit = (event: Event, purpose: string) => Promise<Uint8Array>;

// Taken from the browser before anything else runs: what is written over later does not count.
const read = <T extends object, K extends keyof T & string>(owner: T, name: K): ((from: T) => T[K]) => {
  const property = Object.getOwnPropertyDescriptor(owner, name); // a copy, and ours
  return (from) => property?.get?.call(from) as T[K];
};
const isTrusted = read(new Event('x'), 'isTrusted'); // an own property of every event, which no script can replace
const timeStamp = read(Event.prototype, 'timeStamp');
const activation = typeof navigator === 'undefined' ? undefined : navigator.userActivation;
const subtle = crypto.subtle;

/** How old an event may be, in milliseconds. */
const fresh = 1000;

/**
 * Whether the browser itself made this event for something that a person just did. A click that a
 * script makes is not trusted, and an event that was kept is too old.
 */
export function isGesture(event: Event, now: number, active = activation): boolean {
  try {
    if (!isTrusted(event) || now - timeStamp(event) > fresh) return false;
  } catch {
    return false; // not an event at all
  }
  if (!['click', 'keydown', 'pointerdown'].includes(event.type)) return false;
  // A finger that goes down does not activate the page before it goes up again.
  return active === undefined || active.isActive || (event.type === 'pointerdown' && active.hasBeenActive);
}

/** A core that says when it listens. */
export interface Armable extends Caller {
  readonly ready: Promise<void>;
}

/**
 * Makes the only way to answer a fresh core's challenges. The key is given to the worker once and then
 * kept where no script can read it; each event answers once.
 */
export function armGate(core: Armable, isReal: (event: Event) => boolean = real): Permit {
  const armed = arm(core);
  armed.catch(() => undefined); // told to whoever asks for a permission
  const used = new WeakSet<Event>();
  return async (event, purpose) => {
    if (!isReal(event) || used.has(event)) throw new CoreError('masked');
    used.add(event);
    const key = await armed;
    const { challenge } = await core.call('challenge', null);
    const asked = new Uint8Array([...challenge, ...new TextEncoder().encode(purpose)]);
    return new Uint8Array(await subtle.sign('HMAC', key, asked));
  };
}

const real = (event: Event): boolean => isGesture(event, performance.now());

async function arm(core: Armable): Promise<CryptoKey> {
  await core.ready;
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const key = await subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  await core.call('arm', { key: raw });
  raw.fill(0);
  return key;
}
