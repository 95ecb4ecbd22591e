import type { Pod } from '../../../api/core/v1.ts';
import { poddisruptionbudgets, pods } from '../../../api/generated/resources.ts';
import type { PodDisruptionBudget } from '../../../api/policy/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import { causedBy } from '../../../client/transport.ts';
import { hasReason } from '../../../machinery/status-error.ts';
import { timestamp } from '../../../platform/clock.ts';
import type { NodeInfo, PodInfo } from '../../cache/node-info.ts';
import type {
  Decision,
  Narrow,
  Plugin,
  PostFilterResult,
  Refusal,
  Victims,
} from '../../framework/framework.ts';
import type { Handle } from '../../framework/handle.ts';
import { PerNode } from '../../framework/memory.ts';
import { Refusals } from '../../framework/refusals.ts';
import { PreemptionMetrics } from '../../metrics/preemption-metrics.ts';
import { Budgets, type Candidate, candidateOf, leastHarm, victimsOn } from './victims.ts';

const name = 'DefaultPreemption';

export interface DefaultPreemptionArgs {
  /** How many nodes to try at least, as a share of those that come into question; 10 unless given. */
  minCandidateNodesPercentage?: number;
  /** The same as a number; 100 unless given. */
  minCandidateNodesAbsolute?: number;
}

const notHelpful: Refusal = {
  plugin: name,
  reasons: ['Preemption is not helpful for scheduling'],
  unresolvable: true,
};

const notFinished: Refusal = {
  plugin: name,
  reasons: ['waiting for the preemption for this pod to be finished'],
  unresolvable: true,
};

function isLeaving({ metadata, status }: Pod): boolean {
  if (!metadata.deletionTimestamp) return false;
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
}

/** Why the pod may not push others aside, or not again. */
function ineligible({ pod, snapshot }: Decision, refusals: Refusals): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = pod.pod.status?.nominatedNodeName;
  if (!nominated || refusals.of(nominated)?.unresolvable) return undefined;
  const leaving = snapshot.nodes
    .get(nominated)
    ?.pods.some((other) => other.priority < pod.priority && isLeaving(other.pod));
  return leaving ? 'not eligible due to a terminating pod on the nominated node.' : undefined;
}

/** The budgets as they were last asked for, the same while none has changed. */
class LatestBudgets {
  #list: readonly PodDisruptionBudget[] = [];
  #budgets = new Budgets([]);

  of(list: readonly PodDisruptionBudget[]): Budgets {
    const isSame = list.length === this.#list.length && list.every((budget, i) => budget === this.#list[i]);
    if (!isSame) this.#budgets = new Budgets(list);
    this.#list = [...list];
    return this.#budgets;
  }
}

/** What making room for pods that are alike would cost on each node. */
class KnownVictims {
  #found = new PerNode<Candidate | Refusal>();
  #budgets: Budgets | undefined;

  /** With these budgets; with others, all has to be found out anew. */
  with(budgets: Budgets): PerNode<Candidate | Refusal> {
    if (budgets !== this.#budgets) this.#found = new PerNode();
    this.#budgets = budgets;
    return this.#found;
  }
}

/** Tells what making room on a node would cost, as is known or found out now. */
function victimsFinder(decision: Decision, budgets: Budgets) {
  const { known, filters, snapshot, pod } = decision;
  const find = (node: NodeInfo) => victimsOn(decision, node, budgets);
  if (known?.signed !== filters.length) return find;
  const all = known.part(name, () => new KnownVictims()).with(budgets);
  // A pod does not keep its own node from itself.
  const own = snapshot.nominated.nodeOf(pod.pod.metadata.uid);
  return (node: NodeInfo, place: number) => {
    if (node.name === own) return find(node);
    let found = all.get(place, node);
    if (!found) {
      found = find(node);
      all.set(place, node, found);
    }
    return found;
  };
}

interface Found {
  candidates: Candidate[];
  /** Why the nodes would not do, where there are no candidates. */
  refusals: Refusals;
  /** Nodes on which no pod stands in the way of this one: somebody else than the filters has refused them. */
  unhindered: string[];
}

interface Search {
  refusals: Refusals;
  budgets: Budgets;
  /** Where among the nodes that come into question to begin. */
  offset(count: number): number;
  enough(count: number): number;
}

/** Nodes that would do without some of their pods; where there are none, why not. */
export function findCandidates(decision: Decision, search: Search): Found {
  const { nodes } = decision.snapshot;
  const places = search.refusals.resolvable();
  const wanted = search.enough(places.length);
  let at = places.length > 0 ? search.offset(places.length) : 0;
  const candidates: Candidate[] = [];
  const unhindered: string[] = [];
  let isHarmless = false;
  const victimsAt = victimsFinder(decision, search.budgets);
  for (let i = 0; i < places.length; i++) {
    const place = places[at] as number;
    if (++at === places.length) at = 0;
    const result = victimsAt(nodes.at(place), place);
    if ('reasons' in result) continue;
    if (result.victims.length === 0) {
      unhindered.push(result.node);
      continue;
    }
    candidates.push(result);
    isHarmless ||= result.violations === 0;
    if (isHarmless && candidates.length >= wanted) break;
  }
  const refusals = new Refusals(nodes, notHelpful);
  if (candidates.length > 0 || unhindered.length > 0) return { candidates, refusals, unhindered };
  for (const place of places) refusals.set(place, victimsAt(nodes.at(place), place) as Refusal);
  return { candidates, refusals, unhindered };
}

/** A pod that matters more takes the place of pods that matter less, where nothing else helps. */
export function defaultPreemption(handle: Handle, args: DefaultPreemptionArgs = {}): Plugin {
  const { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 } = args;
  const budgets = handle.lister(poddisruptionbudgets);
  const latest = new LatestBudgets();
  const enough = (count: number) => {
    const share = Math.floor((count * minCandidateNodesPercentage) / 100);
    return Math.min(count, Math.max(share, minCandidateNodesAbsolute));
  };
  const podLister = handle.lister(pods);
  const preempting: Preempting = new Map();
  const metrics = new PreemptionMetrics(handle.meter, handle.clock);
  const isPreempting = (uid: string) => {
    if (!preempting.has(uid)) return false;
    const last = preempting.get(uid)?.pod.metadata;
    const now = last && podLister.get(`${last.namespace}/${last.name}`);
    return !last || (now !== undefined && !now.metadata.deletionTimestamp);
  };
  /** Where room could be made, or why nowhere. */
  const find = (decision: Decision, refusals: Refusals): Candidate[] | PostFilterResult => {
    metrics.attempts.add();
    const reason = ineligible(decision, refusals);
    if (reason !== undefined) return { message: `preemption: ${reason}` };
    const search: Search = {
      refusals,
      budgets: latest.of(budgets.list()),
      offset: (count) => handle.random.int(count),
      enough,
    };
    const found = findCandidates(decision, search);
    if (found.candidates.length > 0) return found.candidates;
    if (found.unhindered.length > 0)
      return { message: `preemption: ${withoutVictims(found.unhindered)}`, isFailure: true };
    return { message: `preemption: ${found.refusals.summary()}`, nominate: '' };
  };
  const choose = (decision: Decision, candidates: readonly Candidate[]): PostFilterResult => {
    const chosen = leastHarm(candidates);
    if (!chosen) return { message: 'preemption: no candidate node for preemption' };
    metrics.victims.observe(chosen.victims.length);
    // Who goes already need not be told.
    const victims = chosen.victims.filter(({ pod }) => !pod.metadata.deletionTimestamp);
    if (victims.length === 0) return { message: '', nominate: chosen.node };
    return {
      message: '',
      nominate: chosen.node,
      act: () =>
        metrics.evicting(() => carryOut(handle, decision, { node: chosen.node, victims, preempting })),
    };
  };
  return {
    name,
    preEnqueue: ({ metadata }) => (isPreempting(metadata.uid) ? notFinished : undefined),
    postFilter(decision, refusals): PostFilterResult {
      const found = find(decision, refusals);
      return Array.isArray(found) ? choose(decision, found) : found;
    },
    async postFilterAsking(decision, refusals, narrow): Promise<PostFilterResult> {
      const found = find(decision, refusals);
      if (!Array.isArray(found)) return found;
      try {
        return choose(decision, await narrowed(found, narrow));
      } catch (error) {
        return { message: `preemption: ${(error as Error).message}`, isFailure: true };
      }
    },
  };
}

/** The candidates that are left where others have been asked. */
async function narrowed(candidates: readonly Candidate[], narrow: Narrow): Promise<Candidate[]> {
  const all = candidates.map(({ node, victims, violations }): [string, Victims] => [
    node,
    { pods: victims, violations },
  ]);
  const left = await narrow(new Map(all));
  return [...left].map(([node, { pods: victims, violations }]) => candidateOf(node, victims, violations));
}

/** Errors of several nodes are told as upstream tells them, each once. */
function withoutVictims(nodes: readonly string[]): string {
  const errors = nodes.map((node) => `expected at least one victim pod on node "${node}"`);
  return errors.length === 1 ? (errors[0] as string) : `[${errors.join(', ')}]`;
}

/** The pods whose victims are being evicted, by UID; with the last victim once it is the only one left. */
type Preempting = Map<string, PodInfo | undefined>;

interface Preemption extends Pick<Candidate, 'node' | 'victims'> {
  preempting: Preempting;
}

/**
 * Evicts the victims; pods that matter less and wait for the same node have to look again. The pod is not tried before
 * the last victim's turn: the others' ends would wake it for nothing. Gives whether that victim was gone already, which tells nobody.
 */
async function carryOut(
  handle: Handle,
  decision: Decision,
  { node, victims, preempting }: Preemption,
): Promise<boolean> {
  const preemptor = decision.pod.pod;
  const { uid } = preemptor.metadata;
  const last = victims.at(-1) as PodInfo;
  const displaced = decision.snapshot.nominated
    .on(node)
    .filter((other) => other.priority < decision.pod.priority);
  preempting.set(uid, undefined);
  try {
    await Promise.all(displaced.map((other) => giveUpNode(handle, preemptor, other.pod)));
    const others = victims.slice(0, -1);
    await Promise.all(others.map((victim) => evict(handle, { preemptor, victim, node })));
    preempting.set(uid, last);
    return !(await evict(handle, { preemptor, victim: last, node }));
  } finally {
    preempting.delete(uid);
  }
}

interface Eviction {
  preemptor: Stored<Pod>;
  victim: PodInfo;
  node: string;
}

/** Gives whether the victim was still there. */
async function evict(handle: Handle, { preemptor, victim: { pod }, node }: Eviction): Promise<boolean> {
  const { client, events, clock } = handle;
  const cause = causedBy(
    { ...preemptor, apiVersion: 'v1', kind: 'Pod' },
    'it matters more, and there is no room',
  );
  const type = 'DisruptionTarget';
  const old = pod.status?.conditions?.find((condition) => condition.type === type);
  const condition = {
    type,
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${preemptor.spec.schedulerName}: preempting to accommodate a higher priority pod`,
    observedGeneration: pod.metadata.generation,
    lastTransitionTime: old?.status === 'True' ? old.lastTransitionTime : timestamp(clock),
  };
  const patch = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
  try {
    // A pod that does not run yet can go elsewhere.
    if (!handle.cancelBinding(pod.metadata.uid, `preempted by ${name}`)) {
      const options = { type: 'application/strategic-merge-patch+json', subresource: 'status' } as const;
      await client.of(pods).patch(pod.metadata, patch, { ...options, cause, withoutAnswer: true });
      await client.of(pods).delete(pod.metadata, { cause, preconditions: { uid: pod.metadata.uid } });
    }
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return false;
    throw error;
  }
  events.record(
    { ...pod, apiVersion: 'v1', kind: 'Pod' },
    {
      type: 'Normal',
      reason: 'Preempted',
      action: 'Preempting',
      message: `Preempted by pod ${preemptor.metadata.uid} on node ${node}`,
      related: { ...preemptor, apiVersion: 'v1', kind: 'Pod' },
      reporter: preemptor.spec.schedulerName,
    },
  );
  return true;
}

async function giveUpNode({ client }: Handle, preemptor: Stored<Pod>, pod: Stored<Pod>): Promise<void> {
  const cause = causedBy({ ...preemptor, apiVersion: 'v1', kind: 'Pod' }, 'it takes the node that was kept');
  const type = 'application/merge-patch+json';
  const patch = { status: { nominatedNodeName: null } };
  await client
    .of(pods)
    .patch(pod.metadata, patch, { type, subresource: 'status', cause })
    .catch(() => {});
}
