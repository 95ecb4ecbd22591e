import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { NodeInfo, PodInfo } from '../cache/node-info.ts';
import type { Snapshot } from '../cache/cache.ts';

/** What happened in the cluster that may let a waiting pod run. */
export type ClusterEvent =
  | 'Node/Add'
  | 'Node/UpdateAllocatable'
  | 'Node/UpdateLabel'
  | 'Node/UpdateTaint'
  | 'Pod/Delete'
  | 'Pod/Add'
  | 'Pod/Update';

/** Why a node, or the whole cluster, does not do for a pod. */
export interface Refusal {
  /** The plugin that refused. */
  plugin: string;
  /** Upstream's words, such as `Insufficient cpu`. */
  reasons: readonly string[];
  /** No eviction of other pods could change it. */
  unresolvable: boolean;
}

/** Values that a plugin's earlier steps hand to its later ones, for one pod. */
export class CycleState {
  readonly #values = new Map<string, unknown>();

  get<T>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, value);
  }
}

export interface Decision {
  pod: PodInfo;
  state: CycleState;
  snapshot: Snapshot;
}

export const maxScore = 100;

/**
 * One rule of placement, under upstream's name. Each function is one extension point of the scheduling framework; a
 * plugin has those it needs. All but `reserve`, `permit`, `preBind`, `bind` and `postBind` are functions of their
 * arguments.
 */
export interface Plugin {
  readonly name: string;
  /** Holds a pod back from the queue: the reason, or nothing. */
  preEnqueue?(pod: Stored<Pod>): Refusal | undefined;
  /** Orders the queue: negative where `a` comes first. */
  queueSort?(a: QueuedPod, b: QueuedPod): number;
  /** Reads off the pod what `filter` needs; may refuse it, or name the only nodes that come into question. */
  preFilter?(decision: Decision): { refusal?: Refusal; onlyNodes?: ReadonlySet<string> } | undefined;
  filter?(decision: Decision, node: NodeInfo): Refusal | undefined;
  /** Makes room where no node does; gives the node to nominate. */
  postFilter?(decision: Decision, refusals: ReadonlyMap<string, Refusal>): Promise<string | undefined>;
  preScore?(decision: Decision, nodes: readonly NodeInfo[]): void;
  /** Any finite number; `normalize` or the framework brings it to 0..100. */
  score?(decision: Decision, node: NodeInfo): number;
  /** Changes the raw scores of all nodes in place to 0..100. */
  normalize?(decision: Decision, scores: number[]): void;
  reserve?(decision: Decision, node: string): Refusal | undefined;
  unreserve?(decision: Decision, node: string): void;
  permit?(decision: Decision, node: string, signal: AbortSignal): Promise<Refusal | undefined>;
  preBind?(decision: Decision, node: string): Promise<void>;
  /** Gives true where it has bound the pod. */
  bind?(decision: Decision, node: string): Promise<boolean>;
  postBind?(decision: Decision, node: string): void;
  /** The events that may help a pod that this plugin has refused. */
  events?: readonly ClusterEvent[];
}

/** A pod in the queue. */
export interface QueuedPod {
  pod: Stored<Pod>;
  /** When it first came, milliseconds since the epoch. */
  arrivedMs: number;
  attempts: number;
  /** Plugins that refused it last time. */
  refusedBy: ReadonlySet<string>;
}

/** Plugins in their order with the weights of their scores: what `schedulerName` chooses. */
export interface Profile {
  schedulerName: string;
  plugins: readonly Plugin[];
  weights: Readonly<Record<string, number>>;
}
