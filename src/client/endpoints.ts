/** The API servers of a cluster, of which one is used until it fails. Shared by all clients of one process. */
export class Endpoints {
  #all: readonly string[];
  #current = 0;

  /** URLs such as `https://10.0.0.1:6443`; the first is tried first. */
  constructor(servers: readonly string[]) {
    this.#all = [...new Set(servers)];
  }

  get all(): readonly string[] {
    return this.#all;
  }

  get current(): string {
    return this.#all[this.#current] ?? '';
  }

  /** Goes on to the next server, unless somebody has moved on from this one already. */
  failed(server: string): void {
    if (server === this.current) this.#current = (this.#current + 1) % this.#all.length;
  }

  /**
   * Takes over which servers there are; the one in use stays in use while it is among them. Nobody is no answer: then
   * the old ones stay. Tells whether anything changed.
   */
  learn(servers: readonly string[]): boolean {
    const next = [...new Set(servers)];
    const isSame = next.length === this.#all.length && next.every((server) => this.#all.includes(server));
    if (next.length === 0 || isSame) return false;
    const { current } = this;
    this.#all = next;
    this.#current = Math.max(0, next.indexOf(current));
    return true;
  }
}
