import type { Node } from '../../../api/core/v1.ts';
import type { DomainCounts } from '../../cache/domain-counts.ts';
import type { Refusal } from '../../framework/framework.ts';
import type { Constraint } from './constraints.ts';
import { own } from '../../../machinery/own.ts';

const plugin = 'PodTopologySpread';
const reason = "node(s) didn't match pod topology spread constraints";
const uneven: Refusal = { plugin, reasons: [reason], unresolvable: false };
const noDomain: Refusal = { plugin, reasons: [`${reason} (missing required label)`], unresolvable: true };

/** One hard constraint with its counts, and what a trial has changed of them in the one domain it is about. */
export class Spread {
  readonly constraint: Constraint;
  readonly counts: DomainCounts;
  readonly countsNode: (node: Node) => boolean;
  /** Whether the pod itself counts. */
  readonly self: number;
  #domain: string | undefined;
  #change = 0;

  constructor(parts: Pick<Spread, 'constraint' | 'counts' | 'countsNode' | 'self'>) {
    this.constraint = parts.constraint;
    this.counts = parts.counts;
    this.countsNode = parts.countsNode;
    this.self = parts.self;
  }

  refusal(node: Node): Refusal | undefined {
    const { topologyKey, maxSkew } = this.constraint;
    const domain = own(node.metadata.labels, topologyKey);
    if (domain === undefined) return noDomain;
    const count = this.counts.of(domain) + (domain === this.#domain ? this.#change : 0);
    return count + this.self - this.#least() > maxSkew ? uneven : undefined;
  }

  change(node: Node, by: 1 | -1): void {
    if (!this.countsNode(node)) return;
    this.#domain = own(node.metadata.labels, this.constraint.topologyKey);
    this.#change += by;
  }

  clone(): Spread {
    return new Spread(this);
  }

  #least(): number {
    const { counts } = this;
    if (counts.size < this.constraint.minDomains) return 0;
    if (this.#domain === undefined || !counts.has(this.#domain)) return counts.least();
    return Math.min(counts.least(this.#domain), counts.of(this.#domain) + this.#change);
  }
}

/** All hard constraints of a pod. */
export class Spreads {
  readonly all: readonly Spread[];

  constructor(all: readonly Spread[]) {
    this.all = all;
  }

  clone(): Spreads {
    return new Spreads(this.all.map((spread) => spread.clone()));
  }
}
