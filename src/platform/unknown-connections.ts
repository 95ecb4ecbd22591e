import type { Duplex } from 'node:stream';

export interface UnknownConnectionsOptions {
  /** How many there may be. */
  most: number;
  /** One that is younger, or has been used since, is left alone: whoever comes has so long to say who it is. */
  graceMs: number;
  /** Of a monotonic clock. */
  nowMs(): number;
}

interface Held {
  /** Requests under way. */
  open: number;
  idleSinceMs: number;
}

/**
 * Connections whose other end has not shown who it is: neither by a certificate nor by a token. Anybody can make them, each takes tens of
 * kilobytes (TLS and HTTP/2), and they would take the places of those who may come in. Where there are too many, those go that
 * have been idle for longest.
 */
export class UnknownConnections {
  readonly #options: UnknownConnectionsOptions;
  readonly #held = new Map<Duplex, Held>();
  /** The longest idle first. */
  readonly #idle = new Set<Duplex>();

  constructor(options: UnknownConnectionsOptions) {
    this.#options = options;
  }

  add(socket: Duplex): void {
    const held = { open: 0, idleSinceMs: this.#options.nowMs() };
    this.#held.set(socket, held);
    this.#idle.add(socket);
    socket.once('close', () => this.know(socket));
    this.#makeRoom();
  }

  /** It is none of them any more. */
  know(socket: Duplex): void {
    this.#held.delete(socket);
    this.#idle.delete(socket);
  }

  /** A request begins. */
  begin(socket: Duplex): void {
    const held = this.#held.get(socket);
    if (!held) return;
    held.open++;
    this.#idle.delete(socket);
  }

  /** It is over. */
  end(socket: Duplex): void {
    const held = this.#held.get(socket);
    if (!held || --held.open > 0) return;
    held.idleSinceMs = this.#options.nowMs();
    this.#idle.add(socket);
  }

  #makeRoom(): void {
    const { most, graceMs, nowMs } = this.#options;
    const longAgoMs = nowMs() - graceMs;
    for (const socket of this.#idle) {
      const { idleSinceMs } = this.#held.get(socket) as Held;
      if (this.#held.size <= most || idleSinceMs > longAgoMs) return;
      this.know(socket);
      socket.destroy();
    }
  }
}

/**
 * Whether whoever sent a request is known by it: it has shown a token, which was not refused. What a token is shown with in other ways
 * (WebSockets) stays in use as long as it matters.
 */
export const hasShownToken = (authorization: string | undefined, status: number | undefined): boolean =>
  authorization !== undefined &&
  /^bearer\s+\S/i.test(authorization) &&
  status !== undefined &&
  status !== 401;
