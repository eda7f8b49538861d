import type { Texts } from './en';

/** The sentence for a code of the core, '' for no failure. */
export function sentence(texts: Texts, code: string): string {
  if (code === '') return '';
  const table: Record<string, string> = texts.error;
  return table[code] ?? texts.error.other;
}
