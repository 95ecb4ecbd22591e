import type { Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { type NodeInfo, nodeInfo, type PodInfo, podInfo, withPod } from './node-info.ts';

/** All nodes at one moment; decisions are made on it while the cache goes on. */
export interface Snapshot {
  nodes: readonly NodeInfo[];
}

/**
 * What runs where, as far as the scheduler knows: what the informers show, and the pods it has placed itself whose
 * binding has not shown up yet (assumed).
 */
export class SchedulerCache {
  readonly #nodes = new Map<string, Stored<Node>>();
  readonly #podsByNode = new Map<string, Map<string, PodInfo>>();
  readonly #placed = new Map<string, string>();
  readonly #infos = new Map<string, NodeInfo>();
  readonly #assumed = new Set<string>();
  #snapshot: Snapshot | undefined;

  setNode(node: Stored<Node>): void {
    this.#nodes.set(node.metadata.name, node);
    this.#recount(node.metadata.name);
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
    this.#infos.delete(name);
    this.#snapshot = undefined;
  }

  /** A pod that an informer shows on a node; takes the place of an assumption. */
  setPod(pod: Stored<Pod>): void {
    this.#assumed.delete(pod.metadata.uid);
    this.#put(podInfo(pod), pod.spec.nodeName ?? '');
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

  /** All nodes as they are now; the same value until something changes. */
  snapshot(): Snapshot {
    this.#snapshot ??= { nodes: [...this.#infos.values()] };
    return this.#snapshot;
  }

  #put(pod: PodInfo, node: string): void {
    const { uid } = pod.pod.metadata;
    const before = this.#placed.get(uid);
    if (before !== undefined) this.#take(uid);
    const pods = this.#podsByNode.get(node) ?? new Map<string, PodInfo>();
    this.#podsByNode.set(node, pods.set(uid, pod));
    this.#placed.set(uid, node);
    const info = this.#infos.get(node);
    if (!info) return;
    this.#infos.set(node, withPod(info, pod));
    this.#snapshot = undefined;
  }

  #take(uid: string): void {
    const node = this.#placed.get(uid);
    if (node === undefined) return;
    this.#placed.delete(uid);
    const pods = this.#podsByNode.get(node);
    pods?.delete(uid);
    if (pods?.size === 0) this.#podsByNode.delete(node);
    this.#recount(node);
  }

  #recount(name: string): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    this.#infos.set(name, nodeInfo(node, new Map(this.#podsByNode.get(name))));
    this.#snapshot = undefined;
  }
}
