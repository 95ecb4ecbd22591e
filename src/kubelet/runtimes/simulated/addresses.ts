import { RuntimeError } from '../runtime-error.ts';

/** The addresses of an IPv4 range that pods may get: all but the network's, the gateway's and the broadcast address. */
export class AddressPool {
  readonly #first: number;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #next = 0;

  constructor(cidr: string) {
    const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
    const length = Number(match?.[5]);
    if (!match || length > 30) throw new RuntimeError('InvalidArgument', `${cidr} is no IPv4 range for pods`);
    const base = match.slice(1, 5).reduce((sum, part) => sum * 256 + Number(part), 0);
    this.#first = base + 2;
    this.#count = 2 ** (32 - length) - 3;
  }

  /** The next free address, going round, so that one just given back is not given again at once. */
  take(): string {
    for (let tried = 0; tried < this.#count; tried++) {
      const at = this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#taken.has(at)) continue;
      this.#taken.add(at);
      return this.#format(this.#first + at);
    }
    throw new RuntimeError('FailedPrecondition', 'no free address is left for the pod');
  }

  giveBack(address: string): void {
    const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    this.#taken.delete(value - this.#first);
  }

  #format(value: number): string {
    return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  }
}
