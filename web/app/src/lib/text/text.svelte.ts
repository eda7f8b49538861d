import { en, type Texts } from './en';
import { fr } from './fr';

export type Language = 'en' | 'fr';

const tables: Record<Language, Texts> = { en, fr };

/** Picks the language of the browser, English where Bulle does not speak it. */
export function detect(languages: readonly string[]): Language {
  for (const l of languages) {
    if (l.toLowerCase().startsWith('fr')) return 'fr';
    if (l.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

/** The words of every screen in the language chosen; components read `text.t`. */
class TextState {
  language = $state<Language>('en');
  /** The language as it is written where the member lives: for dates, times and numbers. */
  locale = $state('en');
  readonly t: Texts = $derived(tables[this.language]);
  private locales: readonly string[] = [];

  /** Speaks a language; locales are those that the browser was set to. */
  choose(language: Language, locales: readonly string[] = this.locales): void {
    this.locales = locales;
    this.language = language;
    this.locale = locales.find((l) => l.toLowerCase().startsWith(language)) ?? language;
  }

  /** A time of day, or a date where it is not today, as the language writes it. */
  when(ms: number, now: number): string {
    const date = new Date(ms);
    const today = new Date(now);
    const sameDay = date.toDateString() === today.toDateString();
    const form: Intl.DateTimeFormatOptions = sameDay
      ? { timeStyle: 'short' }
      : date.getFullYear() === today.getFullYear()
        ? { day: 'numeric', month: 'short' }
        : { day: 'numeric', month: 'short', year: 'numeric' };
    return new Intl.DateTimeFormat(this.locale, form).format(date);
  }

  /** A size of bytes with the unit that people read. */
  size(bytes: number): string {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
    const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
    const value = bytes / 1000 ** step;
    return new Intl.NumberFormat(this.locale, {
      style: 'unit',
      unit: units[step] ?? 'byte',
      unitDisplay: step === 0 ? 'long' : 'short',
      maximumFractionDigits: value < 10 && step > 0 ? 1 : 0
    }).format(value);
  }
}

export const text = new TextState();
