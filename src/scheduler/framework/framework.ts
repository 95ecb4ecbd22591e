import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Snapshot } from '../cache/cache.ts';
import type { NodeInfo, PodInfo } from '../cache/node-info.ts';
import type { CycleState } from './cycle-state.ts';
import type { EventInterest } from './events.ts';
import type { Handle } from './handle.ts';
import type { Known } from './memory.ts';
import type { Refusals } from './refusals.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Why a node, or the whole cluster, does not do for a pod. */
export interface Refusal {
  /** The plugin that refused. */
  readonly plugin: string;
  /** Upstream's words, such as `Insufficient cpu`. */
  readonly reasons: readonly string[];
  /** No eviction of other pods could change it. */
  readonly unresolvable: boolean;
}

/** Something is wrong that no node can help with: the decision is broken off, and tried again after a delay. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}

/** A plugin has said no after the node was chosen. */
export class Rejected extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.reasons.join(', '));
    this.refusal = refusal;
  }
}

/** One pod on its way to a node. */
export interface Decision {
  readonly pod: PodInfo;
  readonly state: CycleState;
  readonly snapshot: Snapshot;
  readonly profile: Profile;
  /** The filters that have something to say about this pod. */
  readonly filters: readonly Plugin[];
  /** What has been found out about pods like this one. */
  readonly known?: Known;
  /** Measures how long it takes. */
  readonly stopwatch?: Stopwatch;
}

export const maxScore = 100;

export interface PreFilterResult {
  refusal?: Refusal;
  /** The only nodes that come into question. */
  onlyNodes?: ReadonlySet<string>;
  /** This plugin's `filter` has nothing to say about the pod. */
  skip?: boolean;
}

export interface PostFilterResult {
  /** What was tried and did not help, or not at once; empty where it did. */
  message: string;
  /** The node to keep for the pod; the empty string gives up one that was kept, undefined leaves it as it is. */
  nominate?: string;
  /** Makes room. Resolves to true where no event will tell that it is there, so that the pod is to be tried again at once. */
  act?(): Promise<boolean>;
  /** Something went wrong: the others are not asked, and nothing is said but this. */
  isFailure?: boolean;
}

/** Pods of a node that are to make room. */
export interface Victims {
  readonly pods: readonly PodInfo[];
  /** How many of them their disruption budgets protect. */
  readonly violations: number;
}

/** Leaves of nodes on which room could be made, by name, those that others agree to. Rejects where they cannot be asked. */
export type Narrow = (candidates: ReadonlyMap<string, Victims>) => Promise<ReadonlyMap<string, Victims>>;

/**
 * One rule of placement, under upstream's name. Each function is one extension point of the scheduling framework; a
 * plugin has those it needs. Up to `score`, and `reserve`, they must answer at once and change nothing but the
 * decision's state. `permit` and what follows may wait and write.
 */
export interface Plugin {
  readonly name: string;
  /** The events that may help a pod that this plugin has refused. */
  readonly events?: readonly EventInterest[];
  /** Whether what has changed of a pod that this plugin has refused, while it waited, may help it; every change may where absent. */
  changeHelps?(pod: Stored<Pod>, old: Stored<Pod>): boolean;
  /** Holds a pod back from the queue: the reason, or nothing. */
  preEnqueue?(pod: Stored<Pod>): Refusal | undefined;
  /** Orders the queue: negative where `a` comes first. */
  queueSort?(a: QueuedPod, b: QueuedPod): number;
  /** Reads off the pod what `filter` needs. */
  preFilter?(decision: Decision): PreFilterResult | undefined;
  filter?(decision: Decision, node: NodeInfo): Refusal | undefined;
  /**
   * What `filter` and `score` read of the pod, as JSON can have it, where they read nothing else but the node and what runs there: to pods
   * for which a plugin signs the same, the same node need be shown only once. Scores that are normalized are asked for all the same.
   */
  sign?(pod: PodInfo): unknown;
  /** Brings what `preFilter` made up to date with a pod that is put on a node, or taken off it, in thought. */
  changePod?(decision: Decision, change: { pod: PodInfo; node: NodeInfo; by: 1 | -1 }): void;
  /** Finds out how room can be made where no node does. */
  postFilter?(decision: Decision, refusals: Refusals): PostFilterResult;
  /** The same where extenders have a word in it; `postFilter` is asked where absent. */
  postFilterAsking?(decision: Decision, refusals: Refusals, narrow: Narrow): Promise<PostFilterResult>;
  /** Prepares `score`; `skip` leaves it out for this pod. `fitting` gives the nodes that are going to be scored: few pods need that list. */
  preScore?(decision: Decision, fitting: () => readonly NodeInfo[]): 'skip' | undefined;
  /** Any finite number; `normalize` or the framework brings it to 0..100. */
  score?(decision: Decision, node: NodeInfo): number;
  /** Changes the raw scores of all nodes in place to 0..100. */
  normalize?(decision: Decision, scores: number[], nodes: readonly NodeInfo[]): void;
  reserve?(decision: Decision, node: string): Refusal | undefined;
  /** Undoes `reserve`, and what `preBind` has done; may wait for its own writes. */
  unreserve?(decision: Decision, node: string): void | Promise<void>;
  permit?(decision: Decision, node: string, signal: AbortSignal): Promise<Refusal | undefined>;
  /** Whether `permit` or `preBind` has something to do here, so that others are told where the pod goes before it is bound; yes where absent. */
  actsBeforeBind?(decision: Decision, node: string): boolean;
  preBind?(decision: Decision, node: string, signal: AbortSignal): Promise<void>;
  /** Gives true where it has bound the pod. */
  bind?(decision: Decision, node: string): Promise<boolean>;
  postBind?(decision: Decision, node: string): void;
}

/** Makes a plugin from what stands under `pluginConfig`; throws a ConfigurationError where that is wrong. */
export type PluginFactory = (handle: Handle, args: Readonly<Record<string, unknown>>) => Plugin;

/** A pod in the queue. */
export interface QueuedPod {
  pod: Stored<Pod>;
  /** When it first came, on the monotonic clock. */
  arrivedMs: number;
  /** When it was last refused, and until then when it came: those that have just been tried come after the others. */
  sinceMs: number;
  /** When it first could be tried, by the monotonic clock. */
  enteredMs?: number;
  attempts: number;
  /** Plugins that refused it last time. */
  refusedBy: ReadonlySet<string>;
  /** It has waited for so long that it is tried although nothing has happened. */
  isOverdue?: boolean;
}

/** The extension points that a profile can turn plugins on and off at, by upstream's names. */
export const points = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;

export type Point = (typeof points)[number];

/** The plugins of each extension point in their order, and the weights of scores: what `schedulerName` chooses. */
export interface Profile {
  readonly schedulerName: string;
  readonly at: Readonly<Record<Point, readonly Plugin[]>>;
  readonly weights: Readonly<Record<string, number>>;
  readonly percentageOfNodesToScore?: number;
}

/** Every plugin of a profile once. */
export function pluginsOf(profile: Profile): Plugin[] {
  return [...new Set(points.flatMap((point) => profile.at[point]))];
}
