/** Hues that are told apart, also side by side. */
const hues = [22, 50, 80, 115, 148, 172, 200, 228, 255, 282, 308, 338];

/** The hue of a person or conversation: the same on every screen, whatever they are called. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return hues[sum % hues.length] ?? 0;
}

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The first letters of the first and the last word, whole even where they are made of several code points. */
export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s\-–—_.]+/u)
    .filter((word) => word !== '');
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends
    .map(
      (word) =>
        letters
          .segment(word ?? '')
          [Symbol.iterator]()
          .next().value?.segment ?? ''
    )
    .join('')
    .toLocaleUpperCase();
}
