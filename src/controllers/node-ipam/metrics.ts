import type { Counter, Meter } from '../../platform/metrics/meter.ts';
import type { Blocks } from './plan.ts';

const prefix = 'node_ipam_controller';
const stability = 'ALPHA';
const labels = ['clusterCIDR'];

/** The blocks of a range, and what is told of them under upstream's names. */
export class CountedBlocks {
  readonly blocks: Blocks;
  readonly #allocations: Counter;
  readonly #releases: Counter;

  constructor(meter: Meter, blocks: Blocks) {
    this.blocks = blocks;
    const { range } = blocks;
    const counter = (name: string, help: string) =>
      meter.counter({ name: `${prefix}_cidrset_${name}`, help, stability, labels }).with(range);
    this.#allocations = counter('cidrs_allocations_total', 'Parts of the range that were taken.');
    this.#releases = counter('cidrs_releases_total', 'Parts of the range that came back.');
    const gauge = (name: string, help: string, read: () => number) =>
      meter
        .gauge({ name: `${prefix}_${name}`, help, stability, labels })
        .with(range)
        .follow(read);
    gauge('cidrset_usage_cidrs', 'Which share of the range is taken; one is all.', () => {
      const { all, taken } = blocks.sizes;
      return taken / all;
    });
    // The name is upstream's, with its slip.
    gauge('cirdset_max_cidrs', 'How many parts the range has.', () => blocks.sizes.all);
  }

  takeNext(): string | undefined {
    return this.#counting(() => this.blocks.takeNext());
  }

  take(range: string): void {
    this.#counting(() => this.blocks.take(range));
  }

  giveBack(range: string): void {
    this.#counting(() => this.blocks.giveBack(range));
  }

  #counting<T>(act: () => T): T {
    const before = this.blocks.sizes.taken;
    const result = act();
    const more = this.blocks.sizes.taken - before;
    if (more > 0) this.#allocations.add(more);
    if (more < 0) this.#releases.add(-more);
    return result;
  }
}
