import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The binary under test, which `make web-e2e` names. */
export function binary(): string {
  const name = process.env['BULLE_E2E_BINARY'];
  if (name === undefined) throw new Error('BULLE_E2E_BINARY names no binary: run `make web-e2e`');
  return name;
}

interface Info {
  address: string;
  fingerprint: string;
  claim: string;
}

/** A relay in a process of its own, which can be killed and come back at the same address. */
export class Relay {
  private process: ChildProcess | undefined;
  private info: Info | undefined;

  private constructor(private readonly data: string) {}

  /** Starts a fresh relay with its data in folder, on a port that the system picks. */
  static async start(folder: string): Promise<Relay> {
    const relay = new Relay(path.join(folder, 'relay'));
    await relay.run('127.0.0.1:0');
    return relay;
  }

  get claim(): string {
    return this.info?.claim ?? '';
  }

  get address(): string {
    return this.info?.address ?? '';
  }

  get origin(): string {
    return `https://${this.address}`;
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Starts again after [kill], with what is on its disk. */
  async restart(): Promise<void> {
    await this.run(this.address);
  }

  private async run(listen: string): Promise<void> {
    const child = spawn(binary(), ['serve', '--data', this.data, '--listen', listen, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe']
    });
    const complaints: string[] = [];
    child.stderr.on('data', (part: Buffer) => complaints.push(part.toString()));
    const exited = once(child, 'exit').then(() => undefined);
    const first = once(createInterface(child.stdout), 'line') as Promise<[string]>;
    const line = await Promise.race([first, exited]);
    if (line === undefined) throw new Error(`the relay ended at once: ${complaints.join('')}`);
    const claim = this.claim;
    this.info = JSON.parse(line[0]) as Info;
    this.info.claim ||= claim;
    this.process = child;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
