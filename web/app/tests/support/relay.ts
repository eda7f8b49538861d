import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Wire } from './wire';

/** The binary under test, which `make web-e2e` names. */
export function binary(): string {
  const name = process.env['BULLE_E2E_BINARY'];
  if (name === undefined) throw new Error('BULLE_E2E_BINARY names no binary: run `make web-e2e`');
  return name;
}

/** An address of this machine that nobody listens on. */
async function freePort(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${String(port)}`;
}

interface Info {
  address: string;
  fingerprint: string;
  claim: string;
  authority: string;
}

/** A relay in a process of its own, which can be killed and come back at the same address. */
export class Relay {
  private process: ChildProcess | undefined;
  private info: Info | undefined;
  private listens = '127.0.0.1:0';

  private constructor(
    readonly data: string,
    private readonly flags: readonly string[]
  ) {}

  /** Starts a fresh relay with its data in folder, on a port that the system picks. */
  static async start(folder: string, ...flags: string[]): Promise<Relay> {
    const relay = new Relay(path.join(folder, 'relay'), flags);
    await relay.run();
    return relay;
  }

  /** Starts a fresh relay that is reached over a wire which the test holds in its hands. */
  static async startBehind(wire: Wire, folder: string): Promise<Relay> {
    const relay = new Relay(path.join(folder, 'relay'), ['--address', wire.address]);
    relay.listens = await freePort();
    wire.target = relay.listens;
    await relay.run();
    return relay;
  }

  get claim(): string {
    return this.info?.claim ?? '';
  }

  get address(): string {
    return this.info?.address ?? '';
  }

  /** The fingerprint of its certificate authority. */
  get authority(): string {
    return this.info?.authority ?? '';
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
    await this.run();
  }

  private async run(): Promise<void> {
    const where = ['--data', this.data, '--listen', this.listens];
    const child = spawn(binary(), ['serve', ...where, ...this.flags, '--json'], {
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
    if (this.listens.endsWith(':0')) this.listens = this.address; // it comes back where it was
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
