import type { Node, Service } from '../../api/core/v1.ts';
import type { Endpoint } from '../../api/discovery/v1.ts';
import { milliValue } from '../../machinery/quantity.ts';
import { readiness } from '../shared/nodes.ts';

/*
 * Which zone each endpoint is for, where a Service asks for that by annotation: zones get of the endpoints what they have of
 * the CPUs. The rules, figures and texts are those of upstream's topologycache.
 */

export const zoneLabel = 'topology.kubernetes.io/zone';
/** The older one counts where both are set. */
const modeAnnotations = ['service.kubernetes.io/topology-aware-hints', 'service.kubernetes.io/topology-mode'];
const controlPlaneLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
/** By how much an endpoint may be asked more than its share. */
const overload = 0.2;

/** What each zone has of all CPUs; shares of one. */
export type ZoneShares = ReadonlyMap<string, number>;

/** Whether the Service's endpoints are to be shared out among the zones. */
export function asksForTopology({ metadata: { annotations = {} } }: Service): boolean {
  const mode = modeAnnotations.map((name) => annotations[name]).find((value) => value !== undefined);
  return mode === 'Auto' || mode === 'auto';
}

/** What a node means for the zones, for telling whether that has changed. */
export const shareOf = ({ metadata: { labels = {} }, status }: Node) => ({
  zone: labels[zoneLabel] ?? '',
  milliCpu: milliValue(status?.allocatable?.cpu ?? '0'),
  counts: !controlPlaneLabels.some((label) => label in labels),
});

/** The shares of the zones; undefined where a node does not say where it is or what it has, or there is one zone only. */
export function zoneSharesOf(nodes: Iterable<Node>): ZoneShares | undefined {
  const cpus = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    const { zone, milliCpu, counts } = shareOf(node);
    if (!counts || readiness(node) !== 'True') continue;
    if (zone === '' || milliCpu === 0) return undefined;
    cpus.set(zone, (cpus.get(zone) ?? 0) + milliCpu);
    total += milliCpu;
  }
  if (cpus.size < 2) return undefined;
  return new Map([...cpus].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / total]));
}

interface Allotment {
  minimum: number;
  maximum: number;
  /** May be a fraction. */
  desired: number;
}

/** What the zones get of so many endpoints; why that cannot be said, where none may be asked too much. */
function allot(count: number, shares: ZoneShares | undefined): Map<string, Allotment> | string {
  if (!shares)
    return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const counted = `(${count} endpoints, ${shares.size} zones)`;
  if (shares.size > count) return `Insufficient number of endpoints ${counted}`;
  const least = (share: number) => Math.ceil(share * count * (1 / (1 + overload)));
  const spare = count - [...shares.values()].reduce((sum, share) => sum + least(share), 0);
  if (spare < 0)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counted}`;
  const allotted = [...shares].map(([zone, share]): [string, Allotment] => {
    const minimum = least(share);
    return [zone, { minimum, maximum: minimum + spare, desired: Math.max(share * count, minimum) }];
  });
  return new Map(allotted);
}

/** Counts by zone. */
type Counts = Map<string, number>;

const add = (counts: Counts, zone: string, by: number) => counts.set(zone, (counts.get(zone) ?? 0) + by);
const most = (counts: Counts) =>
  [...counts].reduce<[string, number]>((best, next) => (next[1] > best[1] ? next : best), ['', 0]);

/** How many endpoints zones give to others, and how many those take. */
function exchange(allotments: ReadonlyMap<string, Allotment>, own: Counts): { give: Counts; take: Counts } {
  const beyond: Counts = new Map();
  const lacking: Counts = new Map();
  for (const [zone, { desired }] of allotments) {
    const surplus = (own.get(zone) ?? 0) - desired;
    if (surplus > 0) beyond.set(zone, surplus);
    else if (surplus < 0) lacking.set(zone, -surplus);
  }
  const [give, take]: [Counts, Counts] = [new Map(), new Map()];
  for (;;) {
    const [[giver, toGive], [taker, toTake]] = [most(beyond), most(lacking)];
    if (toGive < 0.5 || toTake < 0.5 || (toGive < 1 && toTake < 1)) return { give, take };
    add(give, giver, 1);
    add(beyond, giver, -1);
    add(take, taker, 1);
    add(lacking, taker, -1);
  }
}

/**
 * The zone that each endpoint that is ready is for; or why none is for any. What was said before stays while it will do, so that
 * endpoints change as little as can be.
 */
export function zonesFor(
  endpoints: ReadonlyMap<string, Endpoint>,
  shares: ZoneShares | undefined,
  before: ReadonlyMap<string, string>,
): Map<string, string> | string {
  const ready = [...endpoints].filter(([, endpoint]) => endpoint.conditions?.ready);
  const allotments = allot(ready.length, shares);
  if (typeof allotments === 'string') return allotments;
  if (ready.some(([, { zone }]) => !zone)) return 'One or more endpoints do not have a zone specified';
  const kept: Counts = new Map();
  for (const [key] of ready) add(kept, before.get(key) ?? '', 1);
  const isFit = ([zone, { minimum, maximum }]: [string, Allotment]) => {
    const count = kept.get(zone) ?? 0;
    return count >= minimum && count <= maximum;
  };
  if ([...kept.keys()].every((zone) => allotments.has(zone)) && [...allotments].every(isFit))
    return new Map(ready.map(([key]) => [key, before.get(key) as string]));
  const own: Counts = new Map();
  for (const [, { zone = '' }] of ready) add(own, zone, 1);
  const { give, take } = exchange(allotments, own);
  const zones = new Map(ready.map(([key, { zone = '' }]) => [key, zone]));
  const wasGiven = ([key, { zone }]: [string, Endpoint]) => (before.get(key) ?? zone) !== zone;
  const inOrder = [...ready].sort(
    (a, b) => Number(wasGiven(b)) - Number(wasGiven(a)) || (a[0] < b[0] ? -1 : 1),
  );
  for (const [key, { zone = '' }] of inOrder) {
    if ((give.get(zone) ?? 0) === 0) continue;
    const last = before.get(key) ?? '';
    const taker = (take.get(last) ?? 0) > 0 ? last : [...take].find(([, count]) => count > 0)?.[0];
    if (taker === undefined) break;
    zones.set(key, taker);
    add(give, zone, -1);
    add(take, taker, -1);
  }
  return zones;
}
