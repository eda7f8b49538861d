import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { en } from '../../src/lib/text/en';
import { fr } from '../../src/lib/text/fr';

export const passphrase = 'five patient herons borrow the copper ladder before winter begins';

/** Bounds every wait for what must happen: long, because a loaded machine is slow. */
const patience = 60_000;

const away = /ERR_CONNECTION_REFUSED|WebSocket connection to|can’t establish a connection/u;

/** A file that a test gives to a page. */
export interface Attached {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A member with a browser of their own. Everything the page complains of is kept in complaints. */
export class Person {
  readonly complaints: string[] = [];
  readonly requests: string[] = [];

  constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page
  ) {
    context.setDefaultTimeout(patience);
    this.watch(page);
  }

  /** Opens a window of a person who has never been here. */
  static async arrive(
    browser: Browser,
    name: string,
    locale = 'en-GB',
    more: BrowserContextOptions = {}
  ): Promise<Person> {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true, // the relay's certificate is made by itself
      locale,
      viewport: { width: 1100, height: 760 },
      acceptDownloads: true,
      ...more
    });
    return new Person(name, context, await context.newPage());
  }

  /** Fills the first screen, with a passphrase typed by hand, and joins. */
  async enrol(link: string, { keep = true, shown = false } = {}): Promise<void> {
    await this.page.goto(link);
    await this.page.getByLabel(en.welcome.name).fill(this.name);
    if (shown) await this.button(en.action.show).first().click();
    const fields = [
      this.page.getByLabel(en.welcome.passphrase, { exact: true }),
      this.page.getByLabel(en.welcome.repeat)
    ];
    // what a script fills in, a browser does not write down: it has to be typed to look for it
    for (const field of fields) await (shown ? field.pressSequentially(passphrase) : field.fill(passphrase));
    if (!keep) await this.page.getByLabel(en.welcome.keep).uncheck();
    await this.page.getByRole('button', { name: /Join|Found the bubble/u }).click();
    await this.connected();
  }

  /** Locks the page, and waits until it asks for the passphrase again. */
  async lock(): Promise<void> {
    await this.button(en.action.lock).click();
    await this.page.getByRole('heading', { name: en.unlock.title }).waitFor();
  }

  async unlock(words = passphrase): Promise<void> {
    await this.page.getByLabel(en.welcome.passphrase).fill(words);
    await this.page.getByRole('button', { name: en.unlock.open }).click();
  }

  async connected(): Promise<void> {
    await this.page.getByText(en.link.online, { exact: true }).waitFor();
  }

  /** Makes an invitation link, as the founder. */
  async invite(uses: number): Promise<string> {
    await this.button(en.list.invite).click();
    const dialog = this.dialog;
    await dialog.getByLabel(en.invite.uses).fill(String(uses));
    await dialog.getByRole('button', { name: en.invite.make }).click();
    const link = await dialog.locator('output').innerText();
    await this.closeDialog();
    return link;
  }

  /** Opens the conversation or the person of that name in the list. */
  async open(name: string): Promise<void> {
    const called = this.page.getByText(name, { exact: true });
    await this.list.getByRole('button').filter({ has: called }).first().click();
    await this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  }

  /** Makes a group and waits until it is the open conversation. */
  async createGroup(name: string, members: string[]): Promise<void> {
    await this.button(en.list.newGroup).click();
    await this.dialog.getByLabel(en.group.name).fill(name);
    for (const member of members) await this.dialog.getByLabel(member).check();
    await this.dialog.getByRole('button', { name: en.action.create }).click();
    await this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  }

  /** Removes a member from the open group. */
  async removeMember(name: string): Promise<void> {
    await this.button(en.chat.details).click();
    const more = this.button(`${en.action.more}: ${name}`);
    await more.click();
    await this.page.getByRole('menuitem', { name: en.action.remove, exact: true }).click();
    await this.dialog.getByRole('button', { name: en.action.remove, exact: true }).click();
    await more.waitFor({ state: 'detached' });
  }

  /** Adds a member of the bubble to the open group, whose details are shown. */
  async addMember(name: string): Promise<void> {
    await this.button(en.group.add).click();
    await this.dialog.getByLabel(name).check();
    await this.dialog.getByRole('button', { name: en.action.add, exact: true }).click();
    await this.button(`${en.action.more}: ${name}`).waitFor();
  }

  /** Comes back in a new tab, to the vault that is kept here. */
  async comeBack(origin: string): Promise<Person> {
    const person = new Person(this.name, this.context, await this.context.newPage());
    await person.page.goto(origin);
    await person.unlock();
    await person.connected();
    return person;
  }

  /** Writes into the open conversation. */
  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** Chooses files and sends them, with what is written with them. */
  async attach(file: Attached | Attached[], caption = ''): Promise<void> {
    await this.page.locator('input[data-attach]').setInputFiles(file);
    await this.sendTray(caption);
  }

  /** Sends what is in the tray. */
  async sendTray(caption = ''): Promise<void> {
    const tray = this.page.getByRole('form', { name: /^(Files to send|Fichiers à envoyer)$/u });
    if (caption !== '') await tray.getByRole('textbox').fill(caption);
    await tray.getByRole('button', { name: /^(Send|Envoyer)$/u }).click();
    await tray.waitFor({ state: 'detached' });
  }

  /** Saves a file of the open conversation as a person does, and returns its bytes. */
  async download(name: string): Promise<Buffer> {
    const waiting = this.page.waitForEvent('download');
    await this.saver(name).click();
    const download = await waiting;
    if (download.suggestedFilename() !== name)
      throw new Error(`${name} is saved as ${download.suggestedFilename()}`);
    return readFile(await download.path());
  }

  /** Waits until the open conversation shows exactly one message with this text. */
  async sees(text: string): Promise<void> {
    await this.message(text).first().waitFor();
    const n = await this.message(text).count();
    if (n !== 1) throw new Error(`${this.name} sees ${String(n)} messages that say ${text}`);
  }

  /** Waits until the own message with this text has that state. */
  async reaches(text: string, state: keyof typeof en.state): Promise<void> {
    await this.message(text).getByText(en.state[state], { exact: true }).waitFor();
  }

  message(text: string): Locator {
    return this.page.getByRole('log').getByRole('article').filter({ hasText: text });
  }

  /** The button that saves a file of the open conversation. */
  saver(name: string): Locator {
    return this.button(`${en.action.download} ${name}`);
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^(Write to|Écrire à)/u });
  }

  get list(): Locator {
    return this.page.getByRole('navigation', {
      name: new RegExp(`^(${en.list.title}|${fr.list.title})$`, 'u')
    });
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  async closeDialog(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.dialog.waitFor({ state: 'detached' });
  }

  /** What the page complained of, but for what every browser says while the relay is away. */
  get troubles(): string[] {
    return this.complaints.filter((complaint) => !away.test(complaint));
  }

  /** What the page asked anybody but the relay at this origin. */
  elsewhere(origin: string): string[] {
    const own = [`${origin}/`, `blob:${origin}/`, `${origin.replace(/^http/u, 'ws')}/`];
    return this.requests.filter((url) => !own.some((start) => url.startsWith(start)));
  }

  private watch(page: Page): void {
    page.on('pageerror', (error) => this.complaints.push(`${this.name}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        this.complaints.push(`${this.name}: ${message.text()}`);
    });
    this.context.on('request', (request) => this.requests.push(request.url()));
  }
}
