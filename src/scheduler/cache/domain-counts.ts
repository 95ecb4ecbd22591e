import type { Node, Pod } from '../../api/core/v1.ts';
import type { NodeInfo, PodInfo } from './node-info.ts';
import { own } from '../../machinery/own.ts';

/** Which pods to count, on which nodes, by which label of the node. */
export interface CountQuery {
  /** Equal for queries that mean the same. */
  readonly key: string;
  /** The node label whose values are counted apart; `byNode` counts each node apart. */
  readonly topologyKey: string;
  /** A label that every pod that counts has, as `key=value`, where there is one. */
  readonly pair: string | undefined;
  /** Domains without pods are of no interest, and not kept. */
  readonly sparse?: boolean;
  countsPod(pod: Pod): boolean;
  /** Nodes that do not count, nor their pods. All do where absent. */
  countsNode?(node: Node): boolean;
}

/** In place of a topology key: each node is its own domain. No label can have this name. */
export const byNode = '';

interface Domain {
  nodes: number;
  pods: number;
}

/** How many pods of one kind there are in each domain; kept current pod by pod. */
export class DomainCounts {
  readonly query: CountQuery;
  readonly #domains = new Map<string, Domain>();
  /** How many domains have how many pods: gives the least one without looking at all. */
  readonly #histogram = new Map<number, number>();
  #total = 0;

  constructor(query: CountQuery) {
    this.query = query;
  }

  /** Domains that some node that counts is in. */
  get size(): number {
    return this.#domains.size;
  }

  /** Pods that count, in all domains together. */
  get total(): number {
    return this.#total;
  }

  of(domain: string): number {
    return this.#domains.get(domain)?.pods ?? 0;
  }

  has(domain: string): boolean {
    return this.#domains.has(domain);
  }

  /** The fewest pods in any domain but `except`; Infinity where there is no other. */
  least(except?: string): number {
    const own = except === undefined ? undefined : this.#domains.get(except)?.pods;
    let least = Number.POSITIVE_INFINITY;
    for (const [pods, domains] of this.#histogram) {
      if (pods < least && (pods !== own || domains > 1)) least = pods;
    }
    return least;
  }

  addNode(info: NodeInfo): void {
    const domain = this.#domainOf(info.node);
    if (domain === undefined) return;
    const pods = this.#countPods(info);
    if (pods > 0 || !this.query.sparse) this.#change(domain, 1, pods);
  }

  removeNode(info: NodeInfo): void {
    const domain = this.#domainOf(info.node);
    if (domain === undefined) return;
    const pods = this.#countPods(info);
    if (pods > 0 || !this.query.sparse) this.#change(domain, -1, -pods);
  }

  addPod(node: Node, pod: PodInfo): void {
    this.#onePod(node, pod, 1);
  }

  removePod(node: Node, pod: PodInfo): void {
    this.#onePod(node, pod, -1);
  }

  #onePod(node: Node, { pod }: PodInfo, by: 1 | -1): void {
    if (!this.query.countsPod(pod)) return;
    const domain = this.#domainOf(node);
    if (domain !== undefined) this.#change(domain, 0, by);
  }

  #domainOf(node: Node): string | undefined {
    const { topologyKey, countsNode } = this.query;
    const domain = topologyKey === byNode ? node.metadata.name : own(node.metadata.labels, topologyKey);
    return domain === undefined || (countsNode && !countsNode(node)) ? undefined : domain;
  }

  #countPods({ pods }: NodeInfo): number {
    let count = 0;
    for (const { pod } of pods) if (this.query.countsPod(pod)) count++;
    return count;
  }

  #change(name: string, nodes: number, pods: number): void {
    this.#total += pods;
    let domain = this.#domains.get(name);
    if (domain) this.#note(domain.pods, -1);
    else {
      domain = { nodes: 0, pods: 0 };
      this.#domains.set(name, domain);
    }
    domain.nodes += nodes;
    domain.pods += pods;
    const gone = this.query.sparse ? domain.pods === 0 : domain.nodes === 0;
    if (gone) this.#domains.delete(name);
    else this.#note(domain.pods, 1);
  }

  #note(pods: number, by: 1 | -1): void {
    const domains = (this.#histogram.get(pods) ?? 0) + by;
    if (domains === 0) this.#histogram.delete(pods);
    else this.#histogram.set(pods, domains);
  }
}
