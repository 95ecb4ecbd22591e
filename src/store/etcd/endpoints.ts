import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Clock } from '../../platform/clock.ts';
import { StoreError } from '../store.ts';
import { CallError, isRefusal, storeErrorOf } from './call-error.ts';
import { Connection, type EtcdTls } from './connection.ts';

/** How long things may take. */
export interface CallLimits {
  /** One server, for what another can then be asked as well. */
  readMs: number;
  /** One server, for a write: after that it has to be found out what became of it. */
  writeMs: number;
  /** All servers together. */
  totalMs: number;
}

const pauseMs = 50;

/** The servers of one etcd cluster: one is used as long as it answers, then the next. */
export class Endpoints {
  readonly #connections: readonly Connection[];
  readonly #clock: Clock;
  readonly limits: CallLimits;
  #current = 0;
  #closed = false;

  constructor(options: {
    endpoints: readonly string[];
    tls: EtcdTls;
    clock: Clock;
    limits: CallLimits;
  }) {
    const { tls, clock } = options;
    this.#connections = options.endpoints.map((endpoint) => new Connection(endpoint, { tls, clock }));
    this.#clock = clock;
    this.limits = options.limits;
  }

  /** A moment on the clock of calls after which nothing more is tried. */
  deadline(): number {
    return this.#clock.monotonic() + this.limits.totalMs;
  }

  /** A server that is connected. Rejects with `Unavailable` where there is none until the deadline. */
  async connected(deadline = this.deadline()): Promise<Connection> {
    for (let tries = 1; ; tries++) {
      const left = deadline - this.#clock.monotonic();
      if (this.#closed) throw new StoreError('Closed', 'The store is closed');
      if (left <= 0) throw new StoreError('Unavailable', await this.#whyUnreachable());
      const connection = this.#connections[this.#current] as Connection;
      if (await connection.ready(Math.min(left, this.limits.readMs))) return connection;
      this.failed(connection);
      if (tries % this.#connections.length === 0) await this.#clock.sleep(pauseMs);
    }
  }

  /** The server did not answer: the next one is asked from now on. */
  failed(connection: Connection): void {
    if (this.#connections[this.#current] !== connection) return;
    this.#current = (this.#current + 1) % this.#connections.length;
  }

  /** Calls a method that may be called again, of one server after the other. Rejects with a `StoreError`. */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    init: MessageInitShape<I>,
    deadline = this.deadline(),
  ): Promise<MessageShape<O>> {
    for (;;) {
      const connection = await this.connected(deadline);
      const left = deadline - this.#clock.monotonic();
      try {
        return await connection.call(method, init, Math.min(this.limits.readMs, left));
      } catch (error) {
        if (isRefusal(error)) throw storeErrorOf(error);
        this.failed(connection);
        if (this.#clock.monotonic() + pauseMs >= deadline) throw storeErrorOf(error);
        await this.#clock.sleep(pauseMs);
      }
    }
  }

  /** What is shown and believed from now on, where connections are secured at all. */
  setTls(tls: EtcdTls): void {
    for (const connection of this.#connections)
      if (connection.endpoint.startsWith('https:')) connection.setTls(tls);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  /** What each server says, or why it cannot be reached. */
  async #whyUnreachable(): Promise<string> {
    const reasons = this.#connections.map(
      async (connection) => `${connection.endpoint}: ${await why(connection)}`,
    );
    return `no etcd server can be reached (${(await Promise.all(reasons)).join('; ')})`;
  }
}

async function why(connection: Connection): Promise<string> {
  const { Maintenance } = await import('./generated/etcd/rpc_pb.js');
  try {
    await connection.call(Maintenance.method.status, {}, 100);
    return 'answers now';
  } catch (error) {
    return error instanceof CallError ? error.message : String(error);
  }
}
