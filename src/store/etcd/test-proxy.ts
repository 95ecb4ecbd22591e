import { connect, createServer, type Server, type Socket } from 'node:net';

type Way = 'requests' | 'answers';

/** Stands between a client and an etcd server on loopback, for tests of what gets lost or late on the way. */
export class TestProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #held = new Map<Way, { to: Socket; bytes: Buffer }[]>();
  #dropping = false;
  #lost: Record<Way, number> = { requests: 0, answers: 0 };

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      this.#pass(client, upstream, 'requests');
      this.#pass(upstream, client, 'answers');
    });
  }

  static async start(target: string): Promise<TestProxy> {
    const proxy = new TestProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Keeps back what goes this way from now on. */
  hold(way: Way): void {
    this.#held.set(way, []);
  }

  /** How many bytes are kept back. */
  held(way: Way): number {
    return (this.#held.get(way) ?? []).reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** How many bytes have been lost. */
  lost(way: Way): number {
    return this.#lost[way];
  }

  /** From now on, what comes from anywhere is lost, but not what is kept back. */
  drop(): void {
    this.#dropping = true;
  }

  /** Sends on what was kept back. */
  release(way: Way): void {
    const held = this.#held.get(way) ?? [];
    this.#held.delete(way);
    for (const { to, bytes } of held) to.write(bytes);
  }

  /** Cuts every connection; new ones are let through. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#held.clear();
    this.#dropping = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(from: Socket, to: Socket, way: Way): void {
    this.#sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      const held = this.#held.get(way);
      if (this.#dropping) return void (this.#lost[way] += bytes.length);
      if (held) held.push({ to, bytes });
      else to.write(bytes);
    });
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
