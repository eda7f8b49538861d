import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

type Way = 'up' | 'down';

/**
 * The network between everybody and one relay: a TCP proxy on loopback that can be slow, dead in one way, or cut.
 * It counts what it carries, so that a test can act in the midst of a transfer without guessing when that is.
 */
export class Wire {
  /** Bytes a second that each connection carries in each way; as fast as it goes by default. */
  speed = Number.POSITIVE_INFINITY;
  /** The relay's own address. */
  target = '';
  private readonly carried = { up: 0, down: 0 };
  private readonly waiting = new Set<() => void>();
  private readonly sockets = new Set<Socket>();
  private held: Way | undefined;

  private constructor(private readonly server: Server) {
    server.on('connection', (near: Socket) => {
      const [host, port] = this.target.split(':');
      const far = connect(Number(port), host);
      this.join(near, far, 'up');
      this.join(far, near, 'down');
    });
  }

  static async make(): Promise<Wire> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Wire(server);
  }

  /** What links carry as the relay's address. */
  get address(): string {
    return `127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** Resolves when that many more bytes went that way. */
  async passes(way: Way, bytes: number): Promise<void> {
    const goal = this.carried[way] + bytes;
    while (this.carried[way] < goal) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  /** Carries nothing that way any more, and nobody is told, until [cut]. */
  hold(way: Way): void {
    this.held = way;
  }

  /** Ends all connections; new ones are as they should be. */
  cut(): void {
    this.held = undefined;
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private join(from: Socket, to: Socket, way: Way): void {
    this.sockets.add(from);
    from.on('error', () => undefined); // a killed relay resets its connections: the other end is told below
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
    from.on('data', (part: Buffer) => {
      if (this.held === way) return;
      from.pause();
      setTimeout(
        () => {
          to.write(part);
          from.resume();
          this.count(way, part.length);
        },
        (part.length / this.speed) * 1000
      );
    });
  }

  private count(way: Way, bytes: number): void {
    this.carried[way] += bytes;
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
