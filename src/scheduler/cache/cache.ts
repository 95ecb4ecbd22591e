import type { Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import {
  nodeInfo,
  type PodInfo,
  podInfo,
  podInfoAgain,
  withNode,
  withoutPod,
  withPod,
  withPodInstead,
} from './node-info.ts';
import { NominatedPods } from './nominated-pods.ts';
import { type NodeList, NodeTable } from './node-list.ts';
import { PodIndex } from './pod-index.ts';

/** All nodes at one moment; decisions are made on it while the cache goes on. */
export interface Snapshot {
  readonly nodes: NodeList;
  /** Follows the newest snapshot. */
  readonly pods: PodIndex;
  /** Pods that nodes are kept for; follows the newest snapshot too. */
  readonly nominated: NominatedPods;
  /** How many pods are placed. */
  readonly placed: number;
}

interface Placed {
  info: PodInfo;
  node: string;
}

/**
 * What runs where, as far as the scheduler knows: what the informers show, and the pods it has placed itself whose
 * binding has not shown up yet (assumed). A change costs what it changes, not the size of the cluster.
 */
export class SchedulerCache {
  /** Pods that wait for nodes which are kept for them. */
  readonly nominated = new NominatedPods((node, kept) => {
    const on = this.#table.get(node);
    if (on) this.#table.set({ ...on, kept });
  });
  readonly #table = new NodeTable();
  readonly #index = new PodIndex(() => this.#table.values());
  /** Every pod that is counted, also on nodes that have not shown up. */
  readonly #placed = new Map<string, Placed>();
  readonly #onUnknownNodes = new Map<string, Set<string>>();
  readonly #assumed = new Set<string>();

  /** How many there are of what is counted. */
  get sizes(): { nodes: number; pods: number; assumed: number } {
    return { nodes: this.#table.size, pods: this.#placed.size, assumed: this.#assumed.size };
  }

  setNode(node: Stored<Node>): void {
    const { name } = node.metadata;
    const old = this.#table.get(name);
    if (old && sameToIndex(old.node, node)) return this.#table.set(withNode(old, node));
    if (old) this.#index.removeNode(old);
    const waiting = this.#onUnknownNodes.get(name) ?? [];
    const info = old
      ? withNode(old, node)
      : nodeInfo(
          node,
          [...waiting].map((uid) => (this.#placed.get(uid) as Placed).info),
          this.nominated.on(name),
        );
    this.#onUnknownNodes.delete(name);
    this.#table.set(info);
    this.#index.addNode(info);
  }

  removeNode(name: string): void {
    const info = this.#table.get(name);
    if (!info) return;
    this.#index.removeNode(info);
    this.#table.delete(name);
    if (info.pods.length === 0) return;
    this.#onUnknownNodes.set(name, new Set(info.pods.map(({ pod }) => pod.metadata.uid)));
  }

  /** A pod that an informer shows on a node; takes the place of an assumption. */
  setPod(pod: Stored<Pod>): void {
    const { uid } = pod.metadata;
    const { nodeName = '' } = pod.spec;
    this.#assumed.delete(uid);
    const known = this.#placed.get(uid);
    const again = known?.node === nodeName ? podInfoAgain(pod, known.info) : undefined;
    if (known && again) this.#replace(known, again);
    else this.#put(podInfo(pod), nodeName);
  }

  removePod(pod: Stored<Pod>): void {
    this.#assumed.delete(pod.metadata.uid);
    this.#take(pod.metadata.uid);
  }

  /** Counts a pod on a node before its binding is seen. */
  assume(pod: PodInfo, node: string): void {
    this.#assumed.add(pod.pod.metadata.uid);
    this.#put(pod, node);
  }

  /** The binding has failed: the room is free again. */
  forget(uid: string): void {
    if (this.#assumed.delete(uid)) this.#take(uid);
  }

  /** Whether the pod is already counted on a node. */
  has(uid: string): boolean {
    return this.#placed.has(uid);
  }

  /** All nodes as they are now. */
  snapshot(): Snapshot {
    return {
      nodes: this.#table.list(),
      pods: this.#index,
      nominated: this.nominated,
      placed: this.#placed.size,
    };
  }

  #put(info: PodInfo, node: string): void {
    const { uid } = info.pod.metadata;
    this.#take(uid);
    this.#placed.set(uid, { info, node });
    const on = this.#table.get(node);
    if (!on) {
      this.#onUnknownNodes.set(node, (this.#onUnknownNodes.get(node) ?? new Set()).add(uid));
      return;
    }
    this.#table.set(withPod(on, info));
    this.#index.addPod(on.node, info);
  }

  /** The same pod in the same place, in another version that asks for the same. */
  #replace({ info: old, node }: Placed, info: PodInfo): void {
    this.#placed.set(info.pod.metadata.uid, { info, node });
    const on = this.#table.get(node);
    if (!on) return;
    this.#table.set(withPodInstead(on, old, info));
    this.#index.removePod(on.node, old);
    this.#index.addPod(on.node, info);
  }

  #take(uid: string): void {
    const placed = this.#placed.get(uid);
    if (!placed) return;
    this.#placed.delete(uid);
    const on = this.#table.get(placed.node);
    if (on) {
      this.#table.set(withoutPod(on, uid));
      this.#index.removePod(on.node, placed.info);
      return;
    }
    const waiting = this.#onUnknownNodes.get(placed.node);
    waiting?.delete(uid);
    if (waiting?.size === 0) this.#onUnknownNodes.delete(placed.node);
  }
}

/** Whether the index sees no difference: a heartbeat changes conditions only. */
function sameToIndex(a: Node, b: Node): boolean {
  const view = ({ metadata, spec, status }: Node) => [metadata.labels, spec, status?.images];
  return deepEqual(view(a), view(b));
}
