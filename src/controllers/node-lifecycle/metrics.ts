import type { Node } from '../../api/core/v1.ts';
import type { Counter, Family, Meter, Reading } from '../../platform/metrics/meter.ts';
import { zoneOf } from '../../machinery/node-zone.ts';

const [stability, labels] = ['ALPHA', ['zone']] as const;

/** Upstream's key of a zone: nothing stands between region and zone that could stand in one of them. */
const zoneLabel = (node: Node) => {
  const zone = zoneOf(node);
  return zone === ':' ? '' : zone.replace(':', ':\u0000:');
};

/** What becomes of nodes by zone, under upstream's names. `nodes` is asked whenever somebody looks. */
export class NodeMetrics {
  readonly #evictions: Family<Counter>;

  constructor(meter: Meter, nodes: { list(): readonly Node[]; isReady(node: Node): boolean }) {
    this.#evictions = meter.counter({
      name: 'node_collector_evictions_total',
      help: 'Nodes whose pods were sent away.',
      stability: 'STABLE',
      labels,
    });
    const read = (value: (zone: Zone) => number) => () => {
      const zones = zonesOf(nodes.list(), nodes.isReady);
      return [...zones].map(([zone, counts]): Reading => [[zone], value(counts)]);
    };
    meter.readings(
      { name: 'node_collector_zone_size', help: 'Nodes of each zone.', stability, labels },
      read(({ size }) => size),
    );
    meter.readings(
      {
        name: 'node_collector_unhealthy_nodes_in_zone',
        help: 'Nodes of each zone that are not ready.',
        stability,
        labels,
      },
      read(({ unhealthy }) => unhealthy),
    );
    meter.readings(
      {
        name: 'node_collector_zone_health',
        help: 'Per cent of the nodes that are ready.',
        stability,
        labels,
      },
      read(({ size, unhealthy }) => (100 * (size - unhealthy)) / size),
    );
  }

  evicted(node: Node): void {
    this.#evictions.with(zoneLabel(node)).add();
  }
}

interface Zone {
  size: number;
  unhealthy: number;
}

function zonesOf(nodes: readonly Node[], isReady: (node: Node) => boolean): Map<string, Zone> {
  const zones = new Map<string, Zone>();
  for (const node of nodes) {
    const key = zoneLabel(node);
    const zone = zones.get(key) ?? { size: 0, unhealthy: 0 };
    zone.size++;
    if (!isReady(node)) zone.unhealthy++;
    zones.set(key, zone);
  }
  return zones;
}
