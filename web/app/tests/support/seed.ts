import type { Page } from 'playwright-core';

interface Tapped {
  core: Worker;
  conversation: string;
}

/** Gets hold of the page's worker, so that a test can fill a vault in less time than a person takes to type. */
export async function tapCore(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const tapped = window as unknown as Tapped;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its worker below
    const post = Worker.prototype.postMessage as (this: Worker, message: never) => void;
    Worker.prototype.postMessage = function (this: Worker, message: never): void {
      tapped.core = this;
      const { params } = message as { params?: { conversation?: string } | null };
      tapped.conversation = params?.conversation ?? tapped.conversation;
      post.call(this, message);
    };
  });
}

/** Sends lines 1 to n into the conversation that the page of [tapCore] has open; they are queued when it returns. */
export async function writeMany(page: Page, n: number, from = 1): Promise<void> {
  await page.evaluate(
    async ([first, count]) => {
      const { core, conversation } = window as unknown as Tapped;
      let id = 2e9;
      const call = (text: string): Promise<void> =>
        new Promise((resolve, reject) => {
          const mine = id++;
          const hear = (e: MessageEvent<{ id?: number; error?: string }>): void => {
            if (e.data.id !== mine) return;
            core.removeEventListener('message', hear);
            if (e.data.error === undefined) resolve();
            else reject(new Error(e.data.error));
          };
          core.addEventListener('message', hear);
          core.postMessage({ id: mine, method: 'send', params: { conversation, text, replyTo: '' } });
        });
      for (let i = first; i < first + count; i++)
        await call(`line ${String(i)} of a long talk${', which goes on and on'.repeat((i * 7) % 11)}`);
    },
    [from, n] as const
  );
}

/** Milliseconds that the core takes to answer a call, as the page sees it. */
export function timeCall(page: Page, method: string, params: unknown): Promise<number> {
  return page.evaluate(
    ([name, given]) => {
      const { core } = window as unknown as Tapped;
      const id = 3e9 + Math.floor(Math.random() * 1e9);
      const start = performance.now();
      return new Promise<number>((resolve, reject) => {
        const hear = (e: MessageEvent<{ id?: number; error?: string }>): void => {
          if (e.data.id !== id) return;
          core.removeEventListener('message', hear);
          if (e.data.error === undefined) resolve(performance.now() - start);
          else reject(new Error(e.data.error));
        };
        core.addEventListener('message', hear);
        core.postMessage({ id, method: name, params: given });
      });
    },
    [method, params] as const
  );
}
