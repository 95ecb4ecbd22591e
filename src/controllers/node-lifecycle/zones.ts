import type { Node } from '../../api/core/v1.ts';
import { readiness } from '../shared/nodes.ts';
import { zoneOf } from '../../machinery/node-zone.ts';

/** How a zone fares: when many nodes fall silent at once, the trouble is rather with the network than with them. */
export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

export interface ZoneOptions {
  /** Nodes a second whose pods are sent away while a zone is well. */
  ratePerSecond: number;
  /** The same in a zone that is partly disrupted, in clusters that are large enough. */
  reducedRatePerSecond: number;
  /** A cluster with more nodes than this is large. */
  largeCluster: number;
  /** The share of unready nodes from which a zone is disrupted. */
  unhealthyShare: number;
}

export const defaultZoneOptions: ZoneOptions = {
  ratePerSecond: 0.1,
  reducedRatePerSecond: 0.01,
  largeCluster: 50,
  unhealthyShare: 0.55,
};

/** A node with this label says nothing of its zone: it comes and goes as it likes. */
const excludedLabel = 'node.kubernetes.io/exclude-disruption';

const tells = ({ metadata }: Node): boolean => metadata.labels?.[excludedLabel] === undefined;

function stateOf(nodes: readonly Node[], unhealthyShare: number): ZoneState {
  const unready = nodes.filter((node) => readiness(node) !== 'True').length;
  if (unready === nodes.length) return 'FullDisruption';
  return unready > 2 && unready / nodes.length >= unhealthyShare ? 'PartialDisruption' : 'Normal';
}

export interface ZoneRates {
  /** Nothing is well anywhere: most likely we ourselves are cut off, and nobody's pods are sent away. */
  allDisrupted: boolean;
  /** Nodes a second by zone. */
  rates: Map<string, number>;
}

/** How fast the pods of unready nodes may be sent away, zone by zone. */
export function zoneRates(nodes: readonly Node[], options: ZoneOptions): ZoneRates {
  const zones = new Map<string, Node[]>();
  for (const node of nodes.filter(tells)) {
    const members = zones.get(zoneOf(node));
    if (members) members.push(node);
    else zones.set(zoneOf(node), [node]);
  }
  const states = [...zones].map(([zone, members]) => ({
    zone,
    size: members.length,
    state: stateOf(members, options.unhealthyShare),
  }));
  const allDisrupted = states.length > 0 && states.every(({ state }) => state === 'FullDisruption');
  const rateOf = ({ size, state }: (typeof states)[number]) => {
    if (allDisrupted) return 0;
    if (state !== 'PartialDisruption') return options.ratePerSecond;
    return size > options.largeCluster ? options.reducedRatePerSecond : 0;
  };
  return { allDisrupted, rates: new Map(states.map((entry) => [entry.zone, rateOf(entry)])) };
}
