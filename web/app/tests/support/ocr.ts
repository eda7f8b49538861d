import { execFile, execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';

/** Whether tesseract is there to read pictures; tools/prepare installs it, and CI must have it. */
export const canRead = ((): boolean => {
  try {
    execFileSync('tesseract', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI'] !== undefined) throw new Error('tesseract is missing: run tools/prepare');
    return false;
  }
})();

/** Reads what stands on the page's picture, as somebody looking at the screen could. */
export async function readScreen(page: Page, file: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, await page.screenshot({ scale: 'device' }));
  const { stdout } = await promisify(execFile)('tesseract', [file, 'stdout', '--psm', '11', '-l', 'eng'], {
    timeout: 60_000,
    env: { ...process.env, OMP_THREAD_LIMIT: '1' }
  });
  return stdout;
}
