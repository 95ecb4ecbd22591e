/**
 * The API servers of a cluster, of which one is used until it fails. Shared by all clients of one process.
 *
 * Fallbacks are servers that were named by a person: they stay at the end of the list whatever is learned, so that who learns
 * addresses that lead nowhere (they hold in another network, or all servers have moved behind one name) still finds somebody.
 */
export class Endpoints {
  readonly #fallbacks: readonly string[];
  #all: readonly string[];
  #current = 0;

  /** URLs such as `https://10.0.0.1:6443`; the first is tried first. */
  constructor(servers: readonly string[], { fallbacks = [] }: { fallbacks?: readonly string[] } = {}) {
    this.#fallbacks = fallbacks;
    this.#all = [...new Set([...servers, ...fallbacks])];
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
    if (servers.length === 0) return false;
    const next = [...new Set([...servers, ...this.#fallbacks])];
    if (next.length === this.#all.length && next.every((server) => this.#all.includes(server))) return false;
    const { current } = this;
    this.#all = next;
    this.#current = Math.max(0, next.indexOf(current));
    return true;
  }
}
