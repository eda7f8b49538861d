// Text needs 4.5 to 1 against what it stands on, the edge of a control 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync(new URL('../../src/app.css', import.meta.url), 'utf8');

/** The tokens that a selector sets. */
function tokens(selector: string): Record<string, string> {
  const start = css.indexOf(`\n${selector} {`);
  if (start < 0) throw new Error(`app.css has no ${selector}`);
  const rule = css.slice(start, css.indexOf('}', start));
  const found = [...rule.matchAll(/--([\w-]+): (#[0-9a-f]{6})\b/gu)];
  return Object.fromEntries(found.map((m): [string, string] => [m[1] ?? '', m[2] ?? '']));
}

const light = tokens(':root');
const dark = { ...light, ...tokens(":root[data-theme='dark']") };
const high = tokens(":root[data-contrast='high']");
const themes: Record<string, Record<string, string>> = {
  light,
  dark,
  'light, high contrast': { ...light, ...high },
  'dark, high contrast': { ...dark, ...high, ...tokens(":root[data-theme='dark'][data-contrast='high']") }
};

/** Relative luminance, by WCAG's own formula. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dim = 0, bright = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dim + 0.05);
}

const grounds = ['ground', 'surface', 'raised', 'sunken', 'bubble'];
const inks = ['ink', 'ink-2', 'ink-3', 'accent', 'danger', 'warning'];
const text: [string, string][] = [
  ...grounds.flatMap((ground) => inks.map((ink): [string, string] => [ink, ground])),
  ['accent-ink', 'accent'],
  ['accent-ink', 'accent-hover'],
  ['accent-soft-ink', 'accent-soft'],
  ['accent', 'accent-soft'],
  ['own-ink', 'own'],
  ['own-quiet', 'own'],
  ['accent', 'own'],
  ['danger', 'own'],
  ['danger', 'danger-soft'],
  ['warning', 'warning-soft'],
  ['ink', 'warning-soft'],
  ['ink', 'danger-soft']
];
const edges = ['ground', 'surface', 'raised'].flatMap((ground) =>
  ['line-strong', 'accent', 'focus'].map((edge): [string, string] => [edge, ground])
);

test.each(Object.keys(themes))('%s: text and edges stand out', (theme) => {
  const colours = themes[theme] ?? {};
  const least = theme.includes('high') ? 7 : 4.5;
  const weak = [
    ...text.map(([a, b]) => ({ a, b, least })),
    ...edges.map(([a, b]) => ({ a, b, least: 3 }))
  ].flatMap(({ a, b, least: wanted }) => {
    const measured = contrast(colours[a] ?? '', colours[b] ?? '');
    return measured >= wanted ? [] : [`${a} on ${b}: ${measured.toFixed(2)}, wanted ${wanted}`];
  });
  expect(weak).toEqual([]);
});
