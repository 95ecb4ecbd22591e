import type { Random } from '../platform/random.ts';
import { tooHeavy } from './burden.ts';
import type { Snapshot } from './cache/cache.ts';
import { type NodeInfo, type PodInfo, withPod } from './cache/node-info.ts';
import { blockOf, blockSize } from './cache/node-list.ts';
import { Fitting, fits, type Stretch } from './fitting.ts';
import { CycleState } from './framework/cycle-state.ts';
import type { Decision, Narrow, Plugin, PostFilterResult, Profile, Refusal } from './framework/framework.ts';
import { type BlockVerdicts, type Known, type Memory, withVerdict } from './framework/memory.ts';
import { noNodes, Refusals } from './framework/refusals.ts';
import { evaluated, type Stopwatch, statusOfRefusal, statusOfRoom } from './framework/stopwatch.ts';
import { best } from './score.ts';

/** Where a pod goes, or why it goes nowhere. */
export type Verdict = Placed | Refused;

export interface Placed {
  type: 'placed';
  decision: Decision;
  node: string;
  feasible: number;
  examined: number;
}

export interface Refused {
  type: 'refused';
  decision: Decision;
  refusals: Refusals;
  /** The plugins whose word may change. */
  refusedBy: ReadonlySet<string>;
  /** What every pod shows that goes nowhere. */
  message: string;
  /** What is to be done about it. */
  plan: Pick<PostFilterResult, 'nominate' | 'act'>;
}

/** With fewer nodes than this, all are looked at. */
const leastNodesToFind = 100;
const leastPercentage = 5;

/** How many fitting nodes are enough: all of a small cluster, a shrinking part of a large one. (upstream's rule) */
export function enoughNodes(total: number, percentage: number | undefined): number {
  if (total < leastNodesToFind) return total;
  const adaptive = Math.max(leastPercentage, 50 - Math.floor(total / 125));
  const part = percentage && percentage > 0 ? percentage : adaptive;
  if (part >= 100) return total;
  return Math.max(leastNodesToFind, Math.floor((total * part) / 100));
}

export interface DecideOptions {
  profile: Profile;
  random: Random;
  /** Where in the list of nodes to begin, so that in turn all are looked at. */
  startAt: number;
  /** Unless the profile says otherwise. */
  percentageOfNodesToScore?: number;
  /** What earlier decisions have found out. */
  memory?: Memory;
  /** Measures how long it takes. */
  stopwatch?: Stopwatch;
  /** Looks at all nodes, also where one is kept for the pod that still does. */
  ignoresKept?: boolean;
}

/** What the plugins leave of the nodes for a pod. */
export interface Shortlist {
  decision: Decision;
  fitting: Fitting;
  refusals: Refusals;
  /** How many nodes were looked at. */
  examined: number;
  /** What keeps the pod from all nodes, whatever they are. */
  whole?: Refusal;
}

/** Chooses a node for a pod: a function of the snapshot, the profile and chance. */
export function decide(pod: PodInfo, snapshot: Snapshot, options: DecideOptions): Verdict {
  const list = shortlist(pod, snapshot, options);
  return list.fitting.size > 0 ? chosen(list, options.random) : refused(list);
}

/** The best of the nodes that are left; `extra` is what extenders add to the score of each. */
export function chosen(
  { decision, fitting, examined }: Shortlist,
  random: Random,
  extra?: readonly number[],
): Placed {
  const node = fitting.size === 1 ? (fitting.nodes[0] as NodeInfo) : best(decision, fitting, random, extra);
  return { type: 'placed', decision, node: node.name, feasible: fitting.size, examined };
}

/** Finds nodes that the pod fits on. */
export function shortlist(pod: PodInfo, snapshot: Snapshot, options: DecideOptions): Shortlist {
  const { profile, stopwatch } = options;
  const refusals = new Refusals(snapshot.nodes);
  const open: Decision = { pod, state: new CycleState(), snapshot, profile, filters: [], stopwatch };
  const heavy = tooHeavy(pod, snapshot);
  const prepared: Prepared = heavy ? { filters: [], refusal: heavy } : preFilter(open, refusals);
  stopwatch?.lap('PreFilter', statusOfRefusal(prepared.refusal));
  const { filters, only } = prepared;
  // Of the few nodes that alone come into question nothing need be remembered: other pods are for others.
  // Nor need it where no node comes into question.
  const isHopeless = prepared.refusal?.unresolvable === true;
  const known = only || isHopeless ? undefined : options.memory?.of({ ...open, filters });
  const decision = { ...open, filters, known };
  if (prepared.refusal) {
    refusals.rest = prepared.refusal;
    const fitting = Fitting.at(snapshot.nodes, []);
    return { decision, refusals, fitting, examined: 0, whole: prepared.refusal };
  }
  const list = findFitting(decision, { ...options, only, refusals });
  stopwatch?.lap('Filter');
  return list;
}

/** What is refused as such is not counted by node. */
function wholeSummary({ size }: Refusals, { reasons }: Refusal): string {
  return size === 0 ? noNodes : `0/${size} nodes are available: ${reasons.join(', ')}.`;
}

interface Prepared {
  filters: readonly Plugin[];
  only?: readonly string[];
  refusal?: Refusal;
}

/** Asks the plugins what the pod needs: which filters matter, which nodes come into question at all. */
function preFilter(decision: Decision, refusals: Refusals): Prepared {
  const skipped = new Set<Plugin>();
  const { narrowedBy } = refusals;
  let only: ReadonlySet<string> | undefined;
  let refusal: Refusal | undefined;
  const { filter, preFilter: plugins } = decision.profile.at;
  const counts = decision.stopwatch?.evaluations;
  for (const [place, plugin] of plugins.entries()) {
    const result = plugin.preFilter?.(decision);
    if (!result?.skip) evaluated(counts?.PreFilter, place);
    if (!result) continue;
    if (result.refusal?.unresolvable) return { filters: [], refusal: result.refusal };
    // Where making room may help, the filters say for whom: the other plugins prepare theirs.
    refusal = result.refusal ?? refusal;
    if (result.skip) skipped.add(plugin);
    if (!result.onlyNodes) continue;
    narrowedBy.push(plugin.name);
    only = both(only, result.onlyNodes);
    if (only.size === 0) return { filters: [], refusal: noneLeft(narrowedBy) };
  }
  const filters = filter.filter((plugin, place) => {
    if (skipped.has(plugin)) return false;
    evaluated(counts?.Filter, place);
    return true;
  });
  if (refusal) return { filters, refusal };
  if (!only) return { filters };
  const reasons = [`node(s) didn't satisfy plugin(s) [${narrowedBy.sort().join(' ')}]`];
  refusals.rest = { plugin: narrowedBy[0] as string, reasons, unresolvable: true };
  return { filters, only: [...only] };
}

function both(a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): ReadonlySet<string> {
  return a ? new Set([...a].filter((name) => b.has(name))) : b;
}

function noneLeft(plugins: readonly string[]): Refusal {
  const [first = ''] = plugins;
  const text =
    plugins.length === 1
      ? `node(s) didn't satisfy plugin ${first}`
      : `node(s) didn't satisfy plugin(s) [${[...plugins].sort().join(' ')}] simultaneously`;
  return { plugin: first, reasons: [text], unresolvable: true };
}

interface Search extends DecideOptions {
  only?: readonly string[];
  refusals: Refusals;
}

/** A pod that a node is kept for goes there if it still can; otherwise enough nodes are looked for. */
function findFitting(decision: Decision, search: Search): Shortlist {
  const { refusals } = search;
  const { nodes } = decision.snapshot;
  const kept = search.ignoresKept ? undefined : decision.pod.pod.status?.nominatedNodeName;
  const keptPlace = kept && (!search.only || search.only.includes(kept)) ? nodes.placeOf(kept) : undefined;
  if (keptPlace !== undefined && !firstRefusal(decision, nodes.at(keptPlace)))
    return { decision, refusals, fitting: Fitting.at(nodes, [keptPlace]), examined: 1 };
  const places = search.only?.flatMap((name) => nodes.placeOf(name) ?? []);
  const total = places ? places.length : nodes.size;
  const enough = enoughNodes(
    total,
    decision.profile.percentageOfNodesToScore ?? search.percentageOfNodesToScore,
  );
  const walk: Walk = { start: search.startAt % total, total, enough, places, refusals };
  const isAllSigned = decision.known?.signed === decision.filters.length;
  const found = isAllSigned ? walkBlocks(decision, walk) : walkNodes(decision, walk);
  return { decision, refusals, ...found };
}

/** The way from node to node: so many nodes at most, until enough fit. */
interface Walk {
  start: number;
  total: number;
  enough: number;
  /** Of the nodes, where not all come into question. */
  places: readonly number[] | undefined;
  refusals: Refusals;
}

type Found = Pick<Shortlist, 'fitting' | 'examined'>;

/** Looks at one node after the other. */
function walkNodes(decision: Decision, { start, total, enough, places, refusals }: Walk): Found {
  const { nodes } = decision.snapshot;
  const refusalAt = judge(decision);
  const found: number[] = [];
  let examined = 0;
  for (let turn = start; examined < total && found.length < enough; examined++) {
    const place = places ? (places[turn] as number) : turn;
    const refusal = refusalAt(nodes.at(place), place);
    if (refusal) refusals.set(place, refusal);
    else found.push(place);
    if (++turn === total) turn = 0;
  }
  return { fitting: Fitting.at(nodes, found), examined };
}

/** The same where a node says the same to all pods that are alike: what has not changed is passed over, a whole block at once. */
function walkBlocks(decision: Decision, { start, total, enough, refusals }: Walk): Found {
  const { known, snapshot, pod } = decision;
  const { nodes, nominated } = snapshot;
  // What is remembered is for pods like this one, from whom its own node is kept.
  const find = (node: NodeInfo) => firstRefusal(decision, node, { self: '' });
  // A pod does not keep its own node from itself.
  const own = nodes.placeOf(nominated.nodeOf(pod.pod.metadata.uid) ?? '');
  const stretches: Stretch[] = [];
  let size = 0;
  let examined = 0;
  for (let from = start; examined < total && size < enough; ) {
    const number = blockOf(from);
    const first = number * blockSize;
    const end = Math.min(first + blockSize, total, from + total - examined);
    let block = (known as Known).blocks.get(number, nodes.block(number), find);
    if (own !== undefined && blockOf(own) === number)
      block = withVerdict(block, own - first, firstRefusal(decision, nodes.at(own)));
    const { to, count } = stretchOf(block, { from: from - first, to: end - first, enough: enough - size });
    if (block.same) refusals.setAll(from, end, block.same);
    else if (block.fitting < block.nodes.length)
      for (let i = from - first; i < to; i++)
        if (block.verdicts[i]) refusals.set(first + i, block.verdicts[i] as Refusal);
    if (count > 0) stretches.push({ block, first, from, to: first + to });
    size += count;
    examined += first + to - from;
    from = first + to === total ? 0 : first + to;
  }
  return { fitting: Fitting.within(nodes, stretches, size), examined };
}

/** How far to go in a block until enough fit, and how many do. */
function stretchOf(
  block: BlockVerdicts,
  { from, to, enough }: { from: number; to: number; enough: number },
): { to: number; count: number } {
  const { nodes, fitting } = block;
  if (fitting === 0) return { to, count: 0 };
  if (fitting === nodes.length) {
    const count = Math.min(to - from, enough);
    return { to: from + count, count };
  }
  let count = 0;
  let at = from;
  for (; at < to && count < enough; at++) if (fits(block, at)) count++;
  return { to: at, count };
}

/** Tells what keeps the pod from a node of the snapshot, as is known or found out now. */
function judge(decision: Decision): (node: NodeInfo, place: number) => Refusal | undefined {
  const { known } = decision;
  if (!known) return (node) => firstRefusal(decision, node);
  const { signed, verdicts } = known;
  return (node, place) => {
    if (node.kept.length > 0) return firstRefusal(decision, node);
    let verdict = verdicts.get(place, node);
    if (verdict === undefined) {
      verdict = runFilters(decision, node, { to: signed }) ?? null;
      verdicts.set(place, node, verdict);
    }
    return verdict ?? runFilters(decision, node, { from: signed });
  };
}

/**
 * What keeps the pod from a node. Pods that the node is kept for, and that matter no less, count as if they were there
 * already; and since they may never come, the node must do without them too. `self` is the UID of the pod that is none of the others.
 */
export function firstRefusal(
  decision: Decision,
  node: NodeInfo,
  { self = decision.pod.pod.metadata.uid } = {},
): Refusal | undefined {
  if (node.kept.length > 0) {
    const refusal = refusalWithNominated(decision, node, self);
    if (refusal) return refusal;
  }
  return runFilters(decision, node);
}

function refusalWithNominated(decision: Decision, node: NodeInfo, self: string): Refusal | undefined {
  const { pod } = decision;
  const others = node.kept.filter(
    (other) => other.priority >= pod.priority && other.pod.metadata.uid !== self,
  );
  if (others.length === 0) return undefined;
  const trial = { ...decision, state: decision.state.clone() };
  let crowded = node;
  for (const other of others) {
    crowded = withPod(crowded, other);
    changePod(trial, { pod: other, node, by: 1 });
  }
  return runFilters(trial, crowded);
}

/** Tells the plugins of a pod that is put on a node, or taken off it, in thought. */
export function changePod(decision: Decision, change: { pod: PodInfo; node: NodeInfo; by: 1 | -1 }): void {
  for (const plugin of decision.filters) plugin.changePod?.(decision, change);
}

function runFilters(
  decision: Decision,
  node: NodeInfo,
  { from = 0, to = decision.filters.length } = {},
): Refusal | undefined {
  const { filters } = decision;
  for (let i = from; i < to; i++) {
    const refusal = (filters[i] as Plugin).filter?.(decision, node);
    if (refusal) return refusal;
  }
  return undefined;
}

/** What stands at the end of the line, and what is to be done: the plugins that can make room are asked in turn. */
export function refused(list: Shortlist): Refused {
  const { decision, refusals } = list;
  const room = new Room(list);
  for (const plugin of room.plugins)
    if (!room.take(plugin.postFilter?.(decision, refusals) as PostFilterResult)) break;
  return room.verdict();
}

/** The same where extenders have a word in it. */
export async function refusedAsking(list: Shortlist, narrow: Narrow): Promise<Refused> {
  const { decision, refusals } = list;
  const room = new Room(list);
  for (const plugin of room.plugins) {
    const asked = plugin.postFilterAsking?.(decision, refusals, narrow);
    if (!room.take(asked ? await asked : (plugin.postFilter?.(decision, refusals) as PostFilterResult)))
      break;
  }
  return room.verdict();
}

/** What comes of asking one plugin after the other for room. */
class Room {
  /** Whom to ask. */
  readonly plugins: readonly Plugin[];
  readonly #list: Shortlist;
  readonly #acts: NonNullable<PostFilterResult['act']>[] = [];
  #last: PostFilterResult | undefined;
  #messages: string[] = [];
  #nominate: string | undefined;

  constructor(list: Shortlist) {
    const { postFilter } = list.decision.profile.at;
    this.#list = list;
    this.plugins = list.decision.snapshot.nodes.size > 0 ? postFilter : [];
    this.#nominate = this.plugins.length > 0 ? undefined : '';
  }

  /** Whether the next one is to be asked. */
  take(result: PostFilterResult): boolean {
    const { act, nominate, message, isFailure } = result;
    this.#last = result;
    if (act) this.#acts.push(act);
    if (isFailure) {
      this.#messages = [message];
      this.#nominate = undefined;
      return false;
    }
    this.#nominate = nominate ?? this.#nominate;
    if (message === '') this.#messages = [];
    else this.#messages.push(message);
    return message !== '';
  }

  verdict(): Refused {
    const { decision, refusals, whole } = this.#list;
    const { profile, snapshot, stopwatch } = decision;
    if (this.#last) stopwatch?.lap('PostFilter', statusOfRoom(this.#last));
    const everyone = () => new Set(profile.at.filter.map((plugin) => plugin.name));
    const summary = whole ? wholeSummary(refusals, whole) : refusals.summary();
    return {
      type: 'refused',
      decision,
      refusals,
      refusedBy: snapshot.nodes.size === 0 ? everyone() : refusals.plugins(),
      message: this.#messages.length > 0 ? `${summary} ${this.#messages.join(', ')}` : summary,
      plan: { nominate: this.#nominate, act: inTurn(this.#acts) },
    };
  }
}

function inTurn(acts: readonly NonNullable<PostFilterResult['act']>[]): PostFilterResult['act'] {
  if (acts.length < 2) return acts[0];
  return async () => {
    let isRoom = false;
    for (const act of acts) isRoom = (await act()) || isRoom;
    return isRoom;
  };
}
