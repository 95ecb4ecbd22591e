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
