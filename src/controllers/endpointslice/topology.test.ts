import { describe, expect, test } from 'vitest';
import type { Node } from '../../api/core/v1.ts';
import type { Endpoint } from '../../api/discovery/v1.ts';
import { asksForTopology, zoneSharesOf, zonesFor } from './topology.ts';

const node = (
  zone: string | undefined,
  cpu: string,
  more: { labels?: object; ready?: string } = {},
): Node => ({
  metadata: {
    labels: { ...(zone !== undefined && { 'topology.kubernetes.io/zone': zone }), ...more.labels },
  },
  spec: {},
  status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: more.ready ?? 'True' }] },
});
/** Endpoints named a0, a1, b0 … of so many in each zone. */
const endpoints = (counts: Record<string, number>, ready = true) =>
  new Map(
    Object.entries(counts).flatMap(([zone, count]) =>
      Array.from({ length: count }, (_, i): [string, Endpoint] => [
        `${zone}${i}`,
        { addresses: [], conditions: { ready }, zone },
      ]),
    ),
  );
const none = new Map<string, string>();
/** How many endpoints of each zone are for which: `ab` counts those of a that are for b. */
function flows(zones: Map<string, string> | string) {
  if (typeof zones === 'string') return zones;
  const counts: Record<string, number> = {};
  for (const [key, zone] of zones) counts[`${key[0]}${zone}`] = (counts[`${key[0]}${zone}`] ?? 0) + 1;
  return counts;
}

test('a Service asks by its annotation, the older one before the newer', () => {
  const of = (annotations: Record<string, string>) =>
    asksForTopology({ metadata: { name: 's', annotations }, spec: {} });
  const [mode, hints] = ['service.kubernetes.io/topology-mode', 'service.kubernetes.io/topology-aware-hints'];
  expect(of({ [mode]: 'Auto' })).toBe(true);
  expect(of({ [hints]: 'auto' })).toBe(true);
  expect(of({ [mode]: 'Disabled', [hints]: 'auto' })).toBe(true);
  expect(of({ [mode]: 'Auto', [hints]: 'disabled' })).toBe(false);
  expect(of({})).toBe(false);
});

describe('the shares of the zones', () => {
  test('are those of the CPUs of nodes that are ready and take pods of all', () => {
    const controlPlane = { labels: { 'node-role.kubernetes.io/control-plane': '' } };
    const nodes = [node('b', '2'), node('a', '4'), node('b', '500m'), node('a', '1500m')];
    const others = [node('a', '64', controlPlane), node(undefined, '8', { ready: 'False' })];
    expect([...(zoneSharesOf([...nodes, ...others]) ?? [])]).toEqual([
      ['a', 5.5 / 8],
      ['b', 2.5 / 8],
    ]);
  });

  test.each([
    ['a node says no zone', [node('a', '1'), node('b', '1'), node(undefined, '1')]],
    ['a node has no CPUs', [node('a', '1'), node('b', '0')]],
    ['there is one zone only', [node('a', '1'), node('a', '2')]],
  ])('are not known where %s', (_, nodes) => {
    expect(zoneSharesOf(nodes)).toBeUndefined();
  });
});

describe('endpoints', () => {
  const half = new Map([
    ['a', 0.5],
    ['b', 0.5],
  ]);

  test('are for their own zone where that does', () => {
    expect(flows(zonesFor(endpoints({ a: 3, b: 3 }), half, none))).toEqual({ aa: 3, bb: 3 });
    expect(flows(zonesFor(endpoints({ a: 4, b: 3 }), half, none))).toEqual({ aa: 4, bb: 3 });
  });

  test('of a zone with too many are for others', () => {
    expect(flows(zonesFor(endpoints({ a: 6, b: 2 }), half, none))).toEqual({ aa: 4, ab: 2, bb: 2 });
    const thirds = new Map(['a', 'b', 'c'].map((zone) => [zone, 1 / 3]));
    expect(flows(zonesFor(endpoints({ a: 9 }), thirds, none))).toEqual({ aa: 3, ab: 3, ac: 3 });
  });

  test('stay for whom they were for while that will do', () => {
    const first = zonesFor(endpoints({ a: 6, b: 2 }), half, none) as Map<string, string>;
    expect(zonesFor(endpoints({ a: 6, b: 2 }), half, first)).toEqual(first);
    const before = new Map([...first].map(([key, zone]): [string, string] => [key, zone]));
    const slightlyOther = new Map([
      ['a', 0.55],
      ['b', 0.45],
    ]);
    expect(zonesFor(endpoints({ a: 6, b: 2 }), slightlyOther, before)).toEqual(first);
    const given = [...first].filter(([key, zone]) => key[0] === 'a' && zone === 'b').map(([key]) => key);
    const grown = zonesFor(endpoints({ a: 8, b: 2 }), half, first) as Map<string, string>;
    expect(flows(grown)).toEqual({ aa: 5, ab: 3, bb: 2 });
    for (const key of given) expect(grown.get(key)).toBe('b');
  });

  test.each([
    [endpoints({ a: 1, b: 1 }), undefined, 'Insufficient Node information: '],
    [endpoints({ a: 1 }), half, 'Insufficient number of endpoints (1 endpoints, 2 zones)'],
    [endpoints({ a: 4, b: 4 }, false), half, 'Insufficient number of endpoints (0 endpoints, 2 zones)'],
    [
      endpoints({ a: 2, b: 1 }),
      half,
      'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)',
    ],
    [endpoints({ '': 4 }), half, 'One or more endpoints do not have a zone specified'],
  ])('are for nobody where that cannot be said (%#)', (all, shares, why) => {
    expect(zonesFor(all, shares, none)).toContain(why);
  });
});
