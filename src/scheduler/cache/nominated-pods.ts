import type { PodInfo } from './node-info.ts';

const none: readonly PodInfo[] = [];

/** Pods that a node is kept for: room has been made there for them, and they wait for it to come free. */
export class NominatedPods {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
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

  on(node: string): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    return pods ? [...pods.values()] : none;
  }

  /** Nominates a pod for a node, and for no other. */
  set(pod: PodInfo, node: string): void {
    const { uid } = pod.pod.metadata;
    this.remove(uid);
    this.#nodeOf.set(uid, node);
    if (pod.terms) this.withTerms++;
    const pods = this.#byNode.get(node);
    if (pods) pods.set(uid, pod);
    else this.#byNode.set(node, new Map([[uid, pod]]));
  }

  remove(uid: string): void {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.#byNode.get(node);
    if (pods?.get(uid)?.terms) this.withTerms--;
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(node);
  }
}
