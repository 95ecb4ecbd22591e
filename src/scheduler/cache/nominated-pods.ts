import type { PodInfo } from './node-info.ts';

const none: readonly PodInfo[] = [];

/** Pods that a node is kept for: room has been made there for them, and they wait for it to come free. */
export class NominatedPods {
  readonly #byNode = new Map<string, readonly PodInfo[]>();
  readonly #nodeOf = new Map<string, string>();

  /** How many of them have terms of affinity to other pods. */
  withTerms = 0;

  get size(): number {
    return this.#nodeOf.size;
  }

  /** The node a pod is nominated for. */
  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  /** Whether a node is kept for somebody. */
  has(node: string): boolean {
    return this.#byNode.has(node);
  }

  /** Whom a node is kept for; the same value until that changes. */
  on(node: string): readonly PodInfo[] {
    return this.#byNode.get(node) ?? none;
  }

  /** The nodes that are kept for somebody. */
  nodes(): Iterable<string> {
    return this.#byNode.keys();
  }

  /** Nominates a pod for a node, and for no other. */
  set(pod: PodInfo, node: string): void {
    const { uid } = pod.pod.metadata;
    this.remove(uid);
    this.#nodeOf.set(uid, node);
    if (pod.terms) this.withTerms++;
    this.#byNode.set(node, [...this.on(node), pod]);
  }

  remove(uid: string): void {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.on(node);
    const left = pods.filter(({ pod }) => pod.metadata.uid !== uid);
    if (pods.some(({ pod, terms }) => pod.metadata.uid === uid && terms)) this.withTerms--;
    if (left.length > 0) this.#byNode.set(node, left);
    else this.#byNode.delete(node);
  }
}
