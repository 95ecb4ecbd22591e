import { describe, expect, test } from 'vitest';
import type { Endpoints } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { planMirror } from './plan.ts';

const meta = { namespace: 'default', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const endpointsOf = (...subsets: NonNullable<Endpoints['subsets']>): Stored<Endpoints> => ({
  metadata: { ...meta, name: 'db', uid: 'db-1' },
  subsets,
});
const stored = (slices: EndpointSlice[]) =>
  slices.map(
    (slice, i): Stored<EndpointSlice> => ({
      ...slice,
      metadata: { ...slice.metadata, ...meta, name: `db-${i}`, uid: `s${i}` },
    }),
  );
const ports = [{ port: 5432 }];
const addressesOf = (source: Stored<Endpoints>) =>
  planMirror(source, []).create.map((s) => [s.addressType, s.endpoints?.map(({ addresses }) => addresses)]);

describe('what stands in Endpoints is shown', () => {
  test('by every address of a pod that has several', () => {
    const targetRef = { kind: 'Pod', namespace: 'default', name: 'a', uid: 'a-1' };
    const addresses = ['192.0.2.1', '192.0.2.2'].map((ip) => ({ ip, targetRef }));
    expect(addressesOf(endpointsOf({ addresses, ports }))).toEqual([
      ['IPv4', [['192.0.2.1'], ['192.0.2.2']]],
    ]);
  });

  test('by every pod that shares an address with others', () => {
    const of = (name: string) => ({ kind: 'Pod', namespace: 'default', name, uid: name });
    const addresses = ['a', 'b'].map((name) => ({ ip: '192.0.2.1', targetRef: of(name) }));
    expect(addressesOf(endpointsOf({ addresses, ports }))).toEqual([
      ['IPv4', [['192.0.2.1'], ['192.0.2.1']]],
    ]);
  });

  // upstream: TestEndpointSliceMirroring
  test('with all ports of the same addresses in one slice', () => {
    const named = (name: string, port: number, ...ips: string[]) => ({
      ports: [{ name, port }],
      addresses: ips.map((ip) => ({ ip })),
    });
    const shown = (...subsets: NonNullable<Endpoints['subsets']>) =>
      planMirror(endpointsOf(...subsets), []).create.map((slice) => slice.ports?.map(({ name }) => name));
    const [a, b] = ['192.0.2.1', '192.0.2.2'];
    expect(shown(named('p', 80, a, b), named('q', 90, b, a))).toEqual([['p', 'q']]);
    expect(shown(named('p', 80, a), named('q', 90, b))).toEqual([['p'], ['q']]);
    expect(shown(named('p', 80, a), { ...named('q', 90), notReadyAddresses: [{ ip: a }] })).toEqual([
      ['p'],
      ['q'],
    ]);
  });

  // upstream: addressToEndpoint
  test('by addresses in their one form, however they were written once', () => {
    const addresses = ['010.000.000.001', '::ffff:192.0.2.1', '2001:DB8::0:1'].map((ip) => ({ ip }));
    expect(addressesOf(endpointsOf({ addresses, ports }))).toEqual([
      ['IPv4', [['10.0.0.1'], ['192.0.2.1']]],
      ['IPv6', [['2001:db8::1']]],
    ]);
  });

  // upstream: TestRecycleSlices
  test('in the slice that is there, where other ports are asked for', () => {
    const addresses = [{ ip: '192.0.2.1' }];
    const before = stored(planMirror(endpointsOf({ addresses, ports }), []).create);
    const { create, update, remove } = planMirror(endpointsOf({ addresses, ports: [{ port: 1 }] }), before);
    expect([create, remove]).toEqual([[], []]);
    expect(update.map((slice) => [slice.metadata.name, slice.ports?.[0]?.port])).toEqual([['db-0', 1]]);
  });
});

test('thousands of sets of ports are looked at once each, not each with each', () => {
  const numbers = Array.from({ length: 500 }, (_, i) => i + 1);
  const subsets = numbers.map((port) => ({ addresses: [{ ip: '192.0.2.1' }], ports: [{ port }] }));
  const source = endpointsOf(...subsets);
  let looks = 0;
  const slices = stored(planMirror(source, []).create).map((slice) =>
    Object.defineProperty({ ...slice }, 'ports', {
      get: () => {
        looks++;
        return slice.ports;
      },
    }),
  );
  const { create, update, remove } = planMirror(source, slices);
  expect([create, update, remove]).toEqual([[], [], []]);
  expect(looks).toBeLessThan(3 * numbers.length);
  expect(planMirror(endpointsOf(), slices).remove.map(({ metadata }) => metadata.name)).toEqual(
    slices.map(({ metadata }) => metadata.name),
  );
});
