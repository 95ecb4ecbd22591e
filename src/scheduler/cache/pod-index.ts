import type { Node, Pod } from '../../api/core/v1.ts';
import type { Labels } from '../../machinery/label-selector.ts';
import { type AffinityTerm, pairOf, termKinds, type TermKind, termMatches } from './affinity-terms.ts';
import { type CountQuery, DomainCounts } from './domain-counts.ts';
import type { NodeInfo, PodInfo } from './node-info.ts';
import { own } from '../../machinery/own.ts';

/** A term that pods which are placed have in common, and where they are. */
export interface TermGroup {
  readonly term: AffinityTerm;
  readonly kind: TermKind;
  /** Pods with this term by the value of its topology key. */
  readonly counts: ReadonlyMap<string, number>;
}

interface Group extends TermGroup {
  readonly counts: Map<string, number>;
}

/** Things found by a label that they need: those with the label's pair, and those that need none. */
class ByPair<T> {
  readonly #paired = new Map<string, Set<T>>();
  readonly #others = new Set<T>();

  add(pair: string | undefined, item: T): void {
    if (pair === undefined) return void this.#others.add(item);
    const items = this.#paired.get(pair);
    if (items) items.add(item);
    else this.#paired.set(pair, new Set([item]));
  }

  delete(pair: string | undefined, item: T): void {
    if (pair === undefined) return void this.#others.delete(item);
    const items = this.#paired.get(pair);
    items?.delete(item);
    if (items?.size === 0) this.#paired.delete(pair);
  }

  /** Calls `fn` with everything that these labels may satisfy. */
  forEach(labels: Labels | undefined, fn: (item: T) => void): void {
    this.#others.forEach(fn);
    if (this.#paired.size === 0) return;
    for (const key in labels) this.#paired.get(`${key}=${labels[key]}`)?.forEach(fn);
  }
}

/** Counts that nobody has asked for in a long time are forgotten beyond this many. */
const mostCounts = 1024;

/**
 * What pods that are placed mean to a pod that is to be placed: who keeps it away or draws it near, and how many pods
 * that it asks for are where. Follows the cache change by change, so that a decision looks at what differs and not
 * at all pods. It shows the newest snapshot only; nothing happens while a decision is made, so decisions see nothing else.
 */
export class PodIndex {
  readonly #nodes: () => Iterable<NodeInfo>;
  readonly #counts = new Map<string, DomainCounts>();
  readonly #countsByPair = new ByPair<DomainCounts>();
  readonly #groups = new Map<string, Group>();
  readonly #groupsByPair = new ByPair<Group>();
  readonly #claimUsers = new Map<string, number>();
  readonly #imageNodes = new Map<string, number>();
  #softlyTainted = 0;

  constructor(nodes: () => Iterable<NodeInfo>) {
    this.#nodes = nodes;
  }

  /** Counts of the pods that a query means; made at the first asking, current from then on. */
  count(query: CountQuery): DomainCounts {
    const known = this.#counts.get(query.key);
    if (known) {
      // The map's order says what was asked for last.
      this.#counts.delete(query.key);
      this.#counts.set(query.key, known);
      return known;
    }
    const counts = new DomainCounts(query);
    for (const node of this.#nodes()) counts.addNode(node);
    this.#counts.set(query.key, counts);
    this.#countsByPair.add(query.pair, counts);
    if (this.#counts.size > mostCounts) this.#forgetOldest();
    return counts;
  }

  /** The terms of placed pods that mean this pod. */
  termsThatMean(pod: Pod, namespaceLabels: Labels | undefined): TermGroup[] {
    const found: TermGroup[] = [];
    if (this.#groups.size === 0) return found;
    this.#groupsByPair.forEach(pod.metadata.labels, (group) => {
      if (termMatches(group.term, pod, namespaceLabels)) found.push(group);
    });
    return found;
  }

  /** How many placed pods mount a claim. */
  claimUsers(namespace: string, claim: string): number {
    return this.#claimUsers.get(`${namespace}/${claim}`) ?? 0;
  }

  /** How many nodes have an image. */
  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0;
  }

  /** Whether some node would rather not have every pod. */
  get hasSoftTaints(): boolean {
    return this.#softlyTainted > 0;
  }

  addNode(info: NodeInfo): void {
    for (const counts of this.#counts.values()) counts.addNode(info);
    for (const pod of info.pods) this.#notePod(info.node, pod, 1);
    this.#noteNode(info.node, 1);
  }

  removeNode(info: NodeInfo): void {
    for (const counts of this.#counts.values()) counts.removeNode(info);
    for (const pod of info.pods) this.#notePod(info.node, pod, -1);
    this.#noteNode(info.node, -1);
  }

  addPod(node: Node, pod: PodInfo): void {
    this.#countsByPair.forEach(pod.pod.metadata.labels, (counts) => counts.addPod(node, pod));
    this.#notePod(node, pod, 1);
  }

  removePod(node: Node, pod: PodInfo): void {
    this.#countsByPair.forEach(pod.pod.metadata.labels, (counts) => counts.removePod(node, pod));
    this.#notePod(node, pod, -1);
  }

  #forgetOldest(): void {
    const [key, counts] = this.#counts.entries().next().value as [string, DomainCounts];
    this.#counts.delete(key);
    this.#countsByPair.delete(counts.query.pair, counts);
  }

  #noteNode(node: Node, by: 1 | -1): void {
    if (node.spec?.taints?.some(({ effect }) => effect === 'PreferNoSchedule')) this.#softlyTainted += by;
    for (const image of node.status?.images ?? [])
      for (const name of image.names ?? []) add(this.#imageNodes, name, by);
  }

  #notePod(node: Node, { pod, terms, claims }: PodInfo, by: 1 | -1): void {
    for (const claim of claims) add(this.#claimUsers, `${pod.metadata.namespace}/${claim}`, by);
    if (!terms) return;
    for (const kind of termKinds) for (const term of terms[kind]) this.#noteTerm(kind, term, node, by);
  }

  #noteTerm(kind: TermKind, term: AffinityTerm, node: Node, by: 1 | -1): void {
    const domain = own(node.metadata.labels, term.topologyKey);
    if (domain === undefined) return;
    const key = `${kind} ${term.key}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = { term, kind, counts: new Map() };
      this.#groups.set(key, group);
      this.#groupsByPair.add(pairOf(term.selector), group);
    }
    add(group.counts, domain, by);
    if (group.counts.size > 0) return;
    this.#groups.delete(key);
    this.#groupsByPair.delete(pairOf(term.selector), group);
  }
}

function add(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
