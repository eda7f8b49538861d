import type { JSHandle, Page } from 'playwright-core';
import { en } from '../../src/lib/text/en';

interface Log {
  event: number;
  gone: number;
}

/** What a page gives away: its document with what is typed in it, its title, and its accessibility tree. */
export async function leaks(page: Page, words: string[]): Promise<string[]> {
  const tree = await accessibilityTree(page);
  const document = `${await page.content()} ${await page.title()}`;
  return words.filter((word) => tree.includes(word) || document.includes(word));
}

/** The browser's own tree in Chromium; elsewhere the one that the library makes of the document. */
async function accessibilityTree(page: Page): Promise<string> {
  if (page.context().browser()?.browserType().name() !== 'chromium') return page.ariaSnapshot();
  const cdp = await page.context().newCDPSession(page);
  const tree = JSON.stringify(await cdp.send('Accessibility.getFullAXTree'));
  await cdp.detach();
  return tree;
}

/**
 * Does something to a page that shows words, and returns how many milliseconds after the event, as the page
 * itself saw it, the words were out of its document.
 */
export async function goneAfter(
  page: Page,
  words: string[],
  event: string,
  act: () => Promise<unknown>
): Promise<number> {
  const log = await watch(page, words, event);
  await act();
  await page.waitForFunction((l) => !Number.isNaN(l.gone) && !Number.isNaN(l.event), log, { polling: 20 });
  return log.evaluate((l) => l.gone - l.event);
}

/** What playwright-core keeps to itself of a page in Chromium. */
interface Inner {
  _connection: { toImpl(page: Page): { delegate: { _mainFrameSession: { _client: Client } } } };
}

interface Client {
  send(method: string, params: unknown): Promise<unknown>;
}

/**
 * The library tells every page that it is looked at and has the focus, whatever is in front of it. Pretending less
 * makes the browser tell of the focus as it is; pretending nothing, also of what is visible.
 */
export async function pretend(page: Page, what: 'all' | 'visible' | 'nothing'): Promise<void> {
  const name = 'Emulation.setFocusEmulationEnabled';
  const { _client } = (page as Page & Inner)._connection.toImpl(page).delegate._mainFrameSession;
  await _client.send(name, { enabled: what !== 'nothing' });
  if (what === 'visible') {
    const ours = await page.context().newCDPSession(page);
    await ours.send(name, { enabled: false }); // the focus is the last one's word, the visibility everybody's
    await ours.detach();
  }
}

/** Minimises the window of a page, or shows it again. */
export async function setWindow(page: Page, windowState: 'minimized' | 'normal'): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const { windowId } = await cdp.send('Browser.getWindowForTarget');
  await cdp.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
  await cdp.detach();
}

/** Waits until a page is in front again, for the browser too. */
export async function inFront(page: Page): Promise<void> {
  await page.bringToFront();
  await page.waitForFunction(() => document.visibilityState === 'visible' && document.hasFocus());
}

/** Makes the network slower, which a browser tells as it does of another one; returns how to take that back. */
export async function changeNetwork(page: Page): Promise<() => Promise<void>> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  const slower = { offline: false, latency: 50, downloadThroughput: 1e6, uploadThroughput: 1e6 };
  await cdp.send('Network.emulateNetworkConditions', slower);
  return () => cdp.detach();
}

function watch(page: Page, words: string[], event: string): Promise<JSHandle<Log>> {
  return page.evaluateHandle(
    ([wanted, name]) => {
      const seen: Log = { event: Number.NaN, gone: Number.NaN };
      const has = (): boolean => wanted.some((word) => document.documentElement.outerHTML.includes(word));
      if (!has()) throw new Error('the words are not there to begin with');
      const { connection } = navigator as { connection?: EventTarget };
      const source = name === 'change' ? (connection ?? window) : window;
      source.addEventListener(
        name,
        (e) => {
          if (!e.isTrusted && name !== 'freeze') throw new Error(`this ${name} was made by hand`);
          // of scrolling, the last step counts that the text was there for
          const counts = name === 'scroll' ? Number.isNaN(seen.gone) : Number.isNaN(seen.event);
          if (counts) seen.event = performance.now();
        },
        { capture: true }
      );
      new MutationObserver(() => {
        if (Number.isNaN(seen.gone) && !has()) seen.gone = performance.now();
      }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      return seen;
    },
    [words, event] as const
  );
}

/** Changes the settings of masking through the dialog, as a person does. */
export async function setMask(page: Page, on: boolean, seconds: number): Promise<void> {
  await page.getByRole('button', { name: en.list.settings, exact: true }).click();
  const dialog = page.getByRole('dialog');
  const box = dialog.getByRole('switch', { name: en.mask.title });
  const field = dialog.getByRole('spinbutton', { name: en.mask.seconds });
  await field.fill(String(seconds));
  await field.press('Tab');
  if ((await box.isChecked()) !== on) await box.click();
  await dialog.getByRole('switch', { name: en.mask.title, checked: on }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

interface Tapped {
  core: Worker;
  sent: { method?: string; params?: unknown }[];
}

/** Puts a script into the page that gets hold of its worker, and of everything that is sent to it. */
export async function listenIn(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const tapped = window as unknown as Tapped;
    tapped.sent = [];
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its worker below
    const post = Worker.prototype.postMessage as (this: Worker, message: never) => void;
    Worker.prototype.postMessage = function (this: Worker, message: never): void {
      tapped.core = this;
      tapped.sent.push(structuredClone(message));
      post.call(this, message);
    };
  });
}

/** Tries every way to a text that such a script has, and returns what the core said to each. */
export function attack(page: Page): Promise<Record<string, unknown>> {
  return page.evaluate(async () => {
    const { core, sent } = window as unknown as Tapped;
    let id = 1e9;
    const call = (method: string, params: unknown): Promise<{ result?: unknown; error?: string }> =>
      new Promise((resolve) => {
        const mine = id++;
        core.addEventListener(
          'message',
          (e: MessageEvent<{ id?: number; result?: unknown; error?: string }>) => {
            if (e.data.id === mine) resolve(e.data);
          }
        );
        core.postMessage({ id: mine, method, params });
      });
    const outcome = async (method: string, params: unknown): Promise<unknown> => {
      const { error, result } = await call(method, params);
      return error ?? result ?? 'done';
    };
    const real = sent.findLast((m) => m.method === 'reveal')?.params as {
      conversation: string;
      item: string;
    };
    const asked = sent.findLast((m) => m.method === 'unseal')?.params;
    const answer = new Uint8Array(32);
    const replayed = await outcome('reveal', real);
    await call('challenge', null);
    const guessed = await outcome('reveal', { ...real, answer });
    await call('challenge', null);
    return {
      replayed,
      guessed,
      unsealed: await outcome('unseal', asked),
      searched: await outcome('search', { conversation: '', text: 'lighthouse', before: 0, limit: 9 }),
      unmasked: await outcome('setMask', { on: false, seconds: 9, answer }),
      rearmed: await outcome('arm', { key: answer })
    };
  });
}
