import type { Log } from '../platform/log.ts';
import type { Snapshot } from './cache/cache.ts';
import type { PodInfo } from './cache/node-info.ts';
import {
  chosen,
  type DecideOptions,
  refused,
  refusedAsking,
  type Shortlist,
  type Refused,
  shortlist,
  type Verdict,
} from './decide.ts';
import { Fitting } from './fitting.ts';
import { type Extenders, extenderPlugin, type Interested } from './extenders/extenders.ts';

export interface AskingOptions extends DecideOptions {
  extenders: Extenders;
  /** Those that have a word in it. */
  interested: Interested;
  log: Log;
}

/** As `decide`, but that extenders are asked about what the plugins leave. Rejects where one fails that must not. */
export async function decideAsking(
  pod: PodInfo,
  snapshot: Snapshot,
  options: AskingOptions,
): Promise<Verdict> {
  let list = shortlist(pod, snapshot, options);
  if (isKept(list)) {
    const verdict = await placedOnKept(list, options);
    if (verdict) return verdict;
    options.stopwatch?.start();
    list = shortlist(pod, snapshot, { ...options, ignoresKept: true });
  }
  if (list.fitting.size === 0) return refusedByAll(list, options);
  const left = await filtered(list, options);
  options.stopwatch?.start();
  if (left.fitting.size === 0) {
    const verdict = await refusedByAll(left, options);
    return { ...verdict, refusedBy: new Set([...verdict.refusedBy, extenderPlugin.name]) };
  }
  if (left.fitting.size === 1) return chosen(left, options.random);
  const extra = await options.extenders.scores(options.interested, pod.pod, left.fitting.nodes);
  options.stopwatch?.start();
  return chosen(left, options.random, extra);
}

/** Whether it is about the node that is kept for the pod: no other is looked at while that does. */
function isKept({ decision, fitting }: Shortlist): boolean {
  const [first] = fitting.size === 1 ? fitting.nodes : [];
  return first !== undefined && first.name === decision.pod.pod.status?.nominatedNodeName;
}

/** Where the extenders cannot say whether the kept node does, all nodes are looked at. */
async function placedOnKept(list: Shortlist, options: AskingOptions): Promise<Verdict | undefined> {
  try {
    const left = await filtered(list, options);
    return left.fitting.size > 0 ? chosen(left, options.random) : undefined;
  } catch (error) {
    const { name } = list.decision.pod.pod.metadata;
    options.log.error('nobody knows whether the kept node does', { pod: name, error: String(error) });
    return undefined;
  }
}

/** What the extenders leave of the nodes. */
async function filtered(list: Shortlist, { extenders, interested }: AskingOptions): Promise<Shortlist> {
  const { decision, refusals } = list;
  const all = decision.snapshot.nodes;
  const { nodes } = list.fitting;
  const left = await extenders.filter(interested, { pod: decision.pod.pod, nodes, all, refusals });
  const places = left.map(({ name }) => all.placeOf(name) as number);
  return { ...list, fitting: Fitting.at(all, places) };
}

async function refusedByAll(list: Shortlist, { extenders, interested }: AskingOptions): Promise<Refused> {
  const { snapshot, pod } = list.decision;
  if (interested.preemptors.length === 0) return refused(list);
  return refusedAsking(list, (candidates) =>
    extenders.preempt(interested, { pod: pod.pod, candidates, nodes: snapshot.nodes }),
  );
}
