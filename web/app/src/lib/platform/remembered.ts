/** How this device looks. It tells nothing about the member. */
export interface Remembered {
  theme: 'system' | 'light' | 'dark';
  highContrast: boolean;
  language: 'en' | 'fr';
}

type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const name = 'bulle.look';

/** What was kept here, as far as it makes sense. */
export function recall(shelf: Shelf | undefined): Partial<Remembered> {
  try {
    const kept = JSON.parse(shelf?.getItem(name) ?? '{}') as Record<string, unknown>;
    const found: Partial<Remembered> = {};
    if (kept['theme'] === 'light' || kept['theme'] === 'dark') found.theme = kept['theme'];
    if (kept['language'] === 'en' || kept['language'] === 'fr') found.language = kept['language'];
    if (kept['highContrast'] === true) found.highContrast = true;
    return found;
  } catch {
    return {}; // not ours, or the browser keeps nothing
  }
}

/** Keeps it, or forgets it where what is given is undefined. A browser that keeps nothing is not an error. */
export function remember(shelf: Shelf | undefined, look: Remembered | undefined): void {
  try {
    if (look) shelf?.setItem(name, JSON.stringify(look));
    else shelf?.removeItem(name);
  } catch {
    // the next visit begins as the system is
  }
}

/** The browser's own shelf, where it lets a page have one. */
export function localShelf(): Shelf | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
