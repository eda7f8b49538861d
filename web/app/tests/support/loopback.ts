import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { binary } from './relay';

/** The page as `bulle open` serves it, from this machine. */
export class Loopback {
  private constructor(
    /** The address that lets one browser in, once. */
    readonly entrance: string,
    private readonly child: ChildProcess
  ) {}

  static async start(folder: string, link: string): Promise<Loopback> {
    const vault = path.join(folder, 'loopback-vault');
    const child = spawn(binary(), ['open', link, '--no-browser', '--json', '--vault', vault], {
      stdio: ['ignore', 'pipe', 'pipe']
    });
    const complaints: string[] = [];
    child.stderr.on('data', (part: Buffer) => complaints.push(part.toString()));
    const exited = once(child, 'exit').then(() => undefined);
    const line = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
    if (line === undefined) throw new Error(`bulle open ended at once: ${complaints.join('')}`);
    const { open } = JSON.parse(line[0] as string) as { open: string };
    return new Loopback(open, child);
  }

  get origin(): string {
    return new URL(this.entrance).origin;
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }
}
