import { createRequire } from 'node:module';
import { mkdir } from 'node:fs/promises';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { shots } from './evidence';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const widths = [360, 1100, 1600];

interface Checked {
  axe: { run(): Promise<AxeResults> };
}

/** Puts axe into a page. The page's own policy lets no script in but its own, and stays as it is. */
export async function withAxe(page: Page): Promise<void> {
  await page.addInitScript({ path: axe });
}

/** Checks what the page shows now, in both themes and all widths, and keeps pictures of it. */
export async function check(page: Page, name: string, language: string): Promise<void> {
  await mkdir(shots, { recursive: true });
  const size = page.viewportSize();
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
    await accessible(page, `${name}, ${language}, ${theme}`);
    await page.screenshot({ path: `${shots}${name}-${language}-${theme}.png` });
  }
  for (const width of widths) {
    await page.setViewportSize({ width, height: 760 });
    const wide = await page.evaluate(() => {
      const root = document.documentElement;
      return [...document.querySelectorAll('dialog')]
        .concat(root as HTMLDialogElement)
        .some((e) => e.scrollWidth > e.clientWidth);
    });
    expect(wide, `${name}, ${language}: scrolls sideways at ${width} px`).toBe(false);
    await page.screenshot({ path: `${shots}${name}-${language}-${width}.png` });
    if (width === 360) await accessible(page, `${name}, ${language}, 360 px`);
  }
  if (size) await page.setViewportSize(size);
}

async function accessible(page: Page, what: string): Promise<void> {
  const results = await page.evaluate(() => (globalThis as unknown as Checked).axe.run());
  const violations = results.violations.map((v) => ({
    rule: v.id,
    help: v.help,
    where: v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')}: ${n.failureSummary ?? ''}`)
  }));
  expect(violations, what).toEqual([]);
}

/** Presses Tab until what has the focus is called so. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const names = await page.evaluate(() => {
      const e = document.activeElement;
      if (!(e instanceof HTMLElement) || e === document.body) return [];
      const labels = 'labels' in e ? [...((e as HTMLInputElement).labels ?? [])] : [];
      return [e.getAttribute('aria-label') ?? '', e.innerText, ...labels.map((l) => l.innerText)];
    });
    if (names.some((text) => text.split('\n').some((line) => line.trim() === name))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key does not reach ${name}`);
}
