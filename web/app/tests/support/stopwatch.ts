import type { Page } from 'playwright-core';
import { en } from '../../src/lib/text/en';
import { passphrase } from './person';

/**
 * Milliseconds from the press on "unlock" until a text stands in the list of conversations, and until the page says
 * that it is connected. The page's own clock and frames are asked: a driver that looks now and then rounds up to half a second.
 */
export async function unlocking(page: Page, shown: string): Promise<{ listed: number; online: number }> {
  await page.getByLabel(en.welcome.passphrase).fill(passphrase);
  return page.getByRole('button', { name: en.unlock.open }).evaluate(
    async (button, [wanted, connected]) => {
      const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
      const says = (within: string, text: string): boolean =>
        [...document.querySelectorAll(`${within} *`)].some((part) => part.textContent.trim() === text);
      const until = async (within: string, text: string): Promise<number> => {
        while (!says(within, text)) await frame();
        await frame(); // it was painted
        return performance.now() - start;
      };
      const start = performance.now();
      (button as HTMLElement).click();
      return { listed: await until('nav', wanted), online: await until('body', connected) };
    },
    [shown, en.link.online] as const
  );
}
