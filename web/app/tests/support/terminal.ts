import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { binary } from './relay';

const run = promisify(execFile);

/** A line of `bulle read --json` and `bulle send --json`, as far as the tests look at it. */
export interface Line {
  id: string;
  from: string;
  text?: string;
  state?: string;
  file?: { name: string; size: number; sha256: string; path?: string };
}

/** A member who uses the terminal commands of the binary. */
export class Terminal {
  private constructor(
    private readonly name: string,
    private readonly folder: string
  ) {}

  static async join(folder: string, name: string, link: string): Promise<Terminal> {
    const terminal = new Terminal(name, path.join(folder, `terminal-${name}`));
    await writeFile(
      terminal.passphraseFile,
      'seven quiet otters paint the wooden bridge at noon tomorrow\n',
      {
        mode: 0o600
      }
    );
    await terminal.run('join', link, '--name', name, '--kdf-iterations', '600000');
    return terminal;
  }

  send(to: string, ...rest: string[]): Promise<Line[]> {
    return this.run('send', to, ...rest);
  }

  /** Reads a conversation, which also marks it read; files go to save when it is given. */
  read(to: string, save?: string): Promise<Line[]> {
    return this.run('read', to, ...(save === undefined ? [] : ['--save', save]));
  }

  /** Reads until a line is as wanted, and returns it. */
  async readUntil(to: string, wanted: (line: Line) => boolean): Promise<Line> {
    const tried: string[] = [];
    while (tried.length < 60) {
      const lines = await this.read(to).catch((failure: unknown) => {
        tried.push(String(failure));
        return [];
      });
      const line = lines.find(wanted);
      if (line) return line;
      tried.push(`${String(lines.length)} lines`);
    }
    throw new Error(`${this.name} read in vain: ${tried.at(-1) ?? ''}`);
  }

  private get passphraseFile(): string {
    return `${this.folder}.passphrase`;
  }

  /** Runs any other command. */
  async run(...args: string[]): Promise<Line[]> {
    const common = ['--json', '--vault', this.folder, '--passphrase-file', this.passphraseFile];
    const { stdout } = await run(binary(), [...args, ...common], { timeout: 60_000 });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  }
}
