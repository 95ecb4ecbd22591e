import type { PodInfo } from './node-info.ts';

const none: readonly PodInfo[] = [];

/** Pods that a node is kept for: room has been made there for them, and they wait for it to come free. */
export class NominatedPods {
  readonly #changed: (node: string, pods: readonly PodInfo[]) => void;
  readonly #byNode = new Map<string, readonly PodInfo[]>();
  readonly #nodeOf = new Map<string, string>();

  /** How many of them have terms of affinity to other pods. */
  withTerms = 0;

  /** `changed` is told whom a node is kept for from now on. */
  constructor(changed: (node: string, pods: readonly PodInfo[]) => void = () => {}) {
    this.#changed = changed;
  }

  /** The node a pod is nominated for. */
  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  /** Whom a node is kept for. */
  on(node: string): readonly PodInfo[] {
    return this.#byNode.get(node) ?? none;
  }

  /** Nominates a pod for a node, and for no other. */
  set(pod: PodInfo, node: string): void {
    const { uid } = pod.pod.metadata;
    this.remove(uid);
    this.#nodeOf.set(uid, node);
    if (pod.terms) this.withTerms++;
    this.#keep(node, [...this.on(node), pod]);
  }

  remove(uid: string): void {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.on(node);
    if (pods.some(({ pod, terms }) => pod.metadata.uid === uid && terms)) this.withTerms--;
    this.#keep(
      node,
      pods.filter(({ pod }) => pod.metadata.uid !== uid),
    );
  }

  #keep(node: string, pods: readonly PodInfo[]): void {
    if (pods.length > 0) this.#byNode.set(node, pods);
    else this.#byNode.delete(node);
    this.#changed(node, pods);
  }
}
