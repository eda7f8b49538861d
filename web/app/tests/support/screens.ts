import { createRequire } from 'node:module';
import { mkdir } from 'node:fs/promises';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { shots } from './evidence';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const widths = [360, 1280];

interface Checked {
  axe: { run(options: RunOptions): Promise<AxeResults> };
}

/** Puts axe into a page. The page's own policy lets no script in but its own, and stays as it is. */
export async function withAxe(page: Page): Promise<void> {
  await page.addInitScript({ path: axe });
}

/**
 * Checks what the page shows now in both themes, on a phone and on a desk, and keeps a picture of each: no
 * violation of any rule of axe, nothing that scrolls sideways, no text that is cut.
 */
export async function check(page: Page, name: string, language: string): Promise<void> {
  await mkdir(shots, { recursive: true });
  const size = page.viewportSize();
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
    for (const width of widths) {
      await page.setViewportSize({ width, height: 760 });
      await page.evaluate(drawn);
      const what = `${name}, ${language}, ${theme}, ${String(width)} px`;
      expect(await page.evaluate(misfits), what).toEqual([]);
      await accessible(page, what);
      await page.screenshot({ path: `${shots}${name}-${language}-${theme}-${String(width)}.png` });
    }
  }
  if (size) await page.setViewportSize(size);
}

/** Runs in the page: waits until it was drawn at its new size, which is when its media queries answer. */
function drawn(): Promise<number> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  });
}

/** Runs in the page: says what scrolls sideways, and what text is cut without an ellipsis that says so. */
function misfits(): string[] {
  const found: string[] = [];
  for (const e of [
    document.documentElement,
    ...document.querySelectorAll<HTMLElement>('dialog, main, nav, aside')
  ]) {
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) found.push(`${e.tagName} scrolls sideways`);
  }
  for (const e of document.querySelectorAll<HTMLElement>('body *')) {
    const text = [...e.childNodes].some(
      (n) => n.nodeType === Node.TEXT_NODE && (n.textContent ?? '').trim() !== ''
    );
    if (!text || e.closest('.visually-hidden, [aria-hidden=true]') || e.clientWidth === 0) continue;
    const { overflowX, textOverflow } = getComputedStyle(e);
    if (
      overflowX !== 'visible' &&
      overflowX !== 'auto' &&
      textOverflow !== 'ellipsis' &&
      e.scrollWidth > e.clientWidth + 1
    )
      found.push(`cut: ${e.innerText}`);
  }
  return found;
}

async function accessible(page: Page, what: string): Promise<void> {
  const results = await page.evaluate(() =>
    (globalThis as unknown as Checked).axe.run({ rules: { 'target-size': { enabled: true } } })
  );
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
