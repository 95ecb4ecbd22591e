import { looseCidr } from '../../../machinery/ip.ts';
import { type AddressFamily, ipv4 } from '../../../machinery/address-family.ts';
import { ipNumber, ipText, numberedRange } from '../../../machinery/ip-number.ts';
import { RuntimeError } from '../runtime-error.ts';

/** No node has more pods than that, and so many can be counted. */
const mostAddresses = 2n ** 31n;

/** The addresses of a range that pods may get: all but the network's, the gateway's and, of IPv4, the one that means all. */
export class AddressPool {
  readonly #family: AddressFamily;
  readonly #first: bigint;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #next = 0;

  constructor(cidr: string) {
    const canonical = looseCidr(cidr);
    const range = canonical === undefined ? undefined : numberedRange(canonical);
    if (!range || range.bits > range.family.bits - 2)
      throw new RuntimeError('InvalidArgument', `${cidr} is no range for pods`);
    this.#family = range.family;
    this.#first = range.first + 2n;
    const count = range.count - (range.family === ipv4 ? 3n : 2n);
    this.#count = Number(count < mostAddresses ? count : mostAddresses);
  }

  /** The next free address, going round, so that one just given back is not given again at once. */
  take(): string {
    for (let tried = 0; tried < this.#count; tried++) {
      const at = this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#taken.has(at)) continue;
      this.#taken.add(at);
      return ipText(this.#first + BigInt(at), this.#family);
    }
    throw new RuntimeError('FailedPrecondition', 'no free address is left for the pod');
  }

  giveBack(address: string): void {
    this.#taken.delete(Number(ipNumber(address) - this.#first));
  }
}

/** The pools of a node, one for each family that its pods have. */
export class AddressPools {
  readonly #pools: readonly AddressPool[];

  constructor(cidrs: readonly string[]) {
    this.#pools = cidrs.map((cidr) => new AddressPool(cidr));
  }

  /** An address of each family, or none where one family has none left. */
  take(): string[] {
    const taken: string[] = [];
    try {
      for (const pool of this.#pools) taken.push(pool.take());
    } catch (error) {
      this.giveBack(taken);
      throw error;
    }
    return taken;
  }

  giveBack(addresses: readonly string[]): void {
    addresses.forEach((address, i) => this.#pools[i]?.giveBack(address));
  }
}
