import { describe, expect, test } from 'vitest';
import type { Node, Pod, Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { planSubsets } from '../endpoints/plan.ts';
import { planSlices } from './plan.ts';

const meta = { namespace: 'default', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const serviceOf = (spec: object): Stored<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...meta, name: 'web', uid: 'web-1' },
  spec: { clusterIP: '10.96.0.7', selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
});
const podAt = (name: string, ...ips: string[]): Stored<Pod> => ({
  metadata: { ...meta, name, uid: name },
  spec: { containers: [], nodeName: 'n' },
  status: {
    podIP: ips[0],
    podIPs: ips.map((ip) => ({ ip })),
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});
const node = (name: string): Node | undefined =>
  name === 'n' ? { metadata: { name }, spec: {} } : undefined;
const plan = (service: Stored<Service>, pods: Stored<Pod>[], slices: Stored<EndpointSlice>[] = []) =>
  planSlices({ service, pods, slices, node, zoneShares: () => undefined });
const stored = (slices: EndpointSlice[]) =>
  slices.map(
    (slice, i): Stored<EndpointSlice> => ({
      ...slice,
      metadata: { ...slice.metadata, ...meta, name: `web-${i}`, uid: `s${i}` },
    }),
  );
const shown = (slices: EndpointSlice[]) =>
  slices.map((s) => [s.addressType, (s.endpoints ?? []).map(({ addresses }) => addresses.join())]);

describe('a Service of two families', () => {
  const both = serviceOf({ ipFamilies: ['IPv6', 'IPv4'] });
  const pods = [podAt('a', '10.0.0.1', 'fd00::1'), podAt('b', '10.0.0.2')];

  test('has slices of each, with those pods that have such an address', () => {
    const { create } = plan(both, pods);
    expect(shown(create).toSorted()).toEqual([
      ['IPv4', ['10.0.0.1', '10.0.0.2']],
      ['IPv6', ['fd00::1']],
    ]);
  });

  test('has an empty one of each where no pod has such an address', () => {
    const { create } = plan(both, [podAt('b', '10.0.0.2')]);
    expect(shown(create).toSorted()).toEqual([
      ['IPv4', ['10.0.0.2']],
      ['IPv6', []],
    ]);
    const again = plan(both, [podAt('b', '10.0.0.2')], stored(create));
    expect([...again.create, ...again.update, ...again.remove]).toEqual([]);
    expect(shown(plan(both, []).create)).toEqual([
      ['IPv6', []],
      ['IPv4', []],
    ]);
  });

  test('loses the slices of a family that it gives up', () => {
    const before = stored(plan(both, pods).create);
    const { create, update, remove } = plan(serviceOf({ ipFamilies: ['IPv4'] }), pods, before);
    expect([...create, ...update]).toEqual([]);
    expect(shown(remove)).toEqual([['IPv6', ['fd00::1']]]);
  });

  test('shows the first in Endpoints', () => {
    const ips = (spec: object) =>
      planSubsets(serviceOf(spec), pods).flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
    expect(ips({ ipFamilies: ['IPv6', 'IPv4'] })).toEqual(['fd00::1']);
    expect(ips({ ipFamilies: ['IPv4', 'IPv6'] })).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(ips({ clusterIP: 'fd10::7' })).toEqual(['fd00::1']);
    expect(ips({ clusterIP: 'None' })).toEqual(['10.0.0.1', '10.0.0.2']);
  });
});

describe('families that nobody has said', () => {
  test('are those of its address, or both where it has none', () => {
    const pod = podAt('a', '10.0.0.1', 'fd00::1');
    expect(shown(plan(serviceOf({}), [pod]).create)).toEqual([['IPv4', ['10.0.0.1']]]);
    expect(shown(plan(serviceOf({ clusterIP: 'fd10::7' }), [pod]).create)).toEqual([['IPv6', ['fd00::1']]]);
    expect(plan(serviceOf({ clusterIP: 'None' }), [pod]).create).toHaveLength(2);
  });
});

test('a pod without any of the ports is shown with none', () => {
  const service = serviceOf({ ipFamilies: ['IPv4'], ports: [{ port: 80, targetPort: 'none' }] });
  const [slice] = plan(service, [podAt('a', '10.0.0.1')]).create;
  expect(slice?.ports).toEqual([]);
  expect(slice?.endpoints).toHaveLength(1);
});

test('a pod of a node that is gone is not shown, unless whatever there is shall be', () => {
  const lost = { ...podAt('a', '10.0.0.1'), spec: { containers: [], nodeName: 'gone' } };
  const families = { ipFamilies: ['IPv4'] };
  expect(shown(plan(serviceOf(families), [lost]).create)).toEqual([['IPv4', []]]);
  const all = serviceOf({ ...families, publishNotReadyAddresses: true });
  expect(shown(plan(all, [lost]).create)).toEqual([['IPv4', ['10.0.0.1']]]);
});

test('slices of an earlier Service of the name are not taken over', () => {
  const families = { ipFamilies: ['IPv4'] };
  const pods = [podAt('a', '10.0.0.1')];
  const before = stored(plan(serviceOf(families), pods).create);
  const service = { ...serviceOf(families), metadata: { ...meta, name: 'web', uid: 'web-2' } };
  const { create, update, remove } = plan(service, pods, before);
  expect(update).toEqual([]);
  expect(create[0]?.metadata.ownerReferences?.[0]?.uid).toBe('web-2');
  expect(remove).toEqual(before);
});

describe('slices are written as little as can be', () => {
  const families = { ipFamilies: ['IPv4'] };
  const podsOf = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) =>
      podAt(`p${from + i}`, `10.0.${(from + i) >> 8}.${(from + i) & 255}`),
    );
  const slicesOf = (...groups: Stored<Pod>[][]) =>
    stored(groups.flatMap((pods) => plan(serviceOf(families), pods).create));
  const sizes = (slices: EndpointSlice[]) => slices.map((s) => s.endpoints?.length).toSorted();

  // upstream: TestReconcileEndpointSlicesSomePreexistingWorseAllocation
  test('what does not fit into one of them as a whole makes a new one', () => {
    const [a, b, news] = [podsOf(0, 90), podsOf(100, 95), podsOf(200, 12)];
    const { create, update, remove } = plan(serviceOf(families), [...a, ...b, ...news], slicesOf(a, b));
    expect([sizes(create), sizes(update), remove]).toEqual([[12], [], []]);
  });

  // upstream: TestReconcileEndpointSlicesSomePreexisting
  test('what fits goes where it leaves the least room', () => {
    const [a, b, news] = [podsOf(0, 50), podsOf(100, 70), podsOf(200, 12)];
    const { create, update, remove } = plan(serviceOf(families), [...a, ...b, ...news], slicesOf(a, b));
    expect([create, sizes(update), remove]).toEqual([[], [82], []]);
  });

  // upstream: TestReconcileEndpointSlicesUpdatePacking
  test('those that change anyway are filled, the fullest first', () => {
    const [a, b, news] = [podsOf(0, 40), podsOf(100, 80), podsOf(200, 25)];
    const rest = [...a.slice(1), ...b.slice(1)];
    const { create, update, remove } = plan(serviceOf(families), [...rest, ...news], slicesOf(a, b));
    expect([create, sizes(update), remove]).toEqual([[], [100, 43].toSorted(), []]);
  });

  // upstream: TestReconcileEndpointSlicesRecycling
  test('one that is to go is one that is to be made, where there is such a one', () => {
    const pods = podsOf(0, 150);
    const before = stored(plan(serviceOf(families), pods).create);
    const { create, update, remove } = plan(serviceOf({ ...families, ports: [{ port: 81 }] }), pods, before);
    expect([create, remove]).toEqual([[], []]);
    expect(update.map(({ metadata: { name }, ports }) => [name, ports?.[0]?.port])).toEqual([
      ['web-0', 81],
      ['web-1', 81],
    ]);
  });

  // upstream: TestReconcileEndpointSlicesNamedPorts, NewPortMapKey
  test('the order of ports changes none', () => {
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    const pods = podsOf(0, 2);
    const before = stored(plan(serviceOf({ ...families, ports }), pods).create);
    const { create, update, remove } = plan(
      serviceOf({ ...families, ports: ports.toReversed() }),
      pods,
      before,
    );
    expect([...create, ...update, ...remove]).toEqual([]);
  });

  // upstream: TestPlaceHolderSliceCompare
  test('the one that says that there are no endpoints gets the labels of the Service', () => {
    const before = stored(plan(serviceOf(families), []).create);
    const service = serviceOf(families);
    const labelled = { ...service, metadata: { ...service.metadata, labels: { team: 'x' } } };
    const { create, update, remove } = plan(labelled, [], before);
    expect([create, remove]).toEqual([[], []]);
    expect(update.map(({ metadata: { name, labels } }) => [name, labels?.team])).toEqual([['web-0', 'x']]);
  });
});

test('thousands of ports by name are found in a pod without going through its ports for each', () => {
  let looks = 0;
  const numbers = Array.from({ length: 1000 }, (_, i) => i + 1);
  const counted = (port: number) =>
    Object.defineProperty({ containerPort: port }, 'name', {
      enumerable: true,
      get: () => {
        looks++;
        return `p${port}`;
      },
    }) as { name: string; containerPort: number };
  const pod = podAt('a', '10.0.0.1');
  pod.spec.containers = [{ name: 'c', ports: numbers.map(counted) }];
  const ports = numbers.map((port) => ({ name: `p${port}`, port, targetPort: `p${port}` }));
  const service = serviceOf({ ports });
  const { create } = plan(service, [pod]);
  expect(create.flatMap((slice) => slice.ports?.map(({ port }) => port))).toEqual(numbers);
  expect(planSubsets(service, [pod])).toMatchObject([{ ports: numbers.map((port) => ({ port })) }]);
  expect(looks).toBeLessThan(3 * numbers.length);
});
