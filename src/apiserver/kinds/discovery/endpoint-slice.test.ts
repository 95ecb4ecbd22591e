import { expect, test } from 'vitest';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../api/discovery/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { created, createErrors, row, testContext, updateErrors } from '../shared/testing.ts';
import { endpointSliceKind } from './endpoint-slice.ts';

const slice = (endpoints: Endpoint[], ports: EndpointPort[] = [], addressType = 'IPv4'): EndpointSlice => ({
  metadata: { name: 's', namespace: 'default' },
  addressType,
  endpoints,
  ports,
});

test('addresses are of the type of the slice', () => {
  const endpoints = [{ addresses: ['10.0.0.1'] }, { addresses: [] }, { addresses: ['2001:db8::1'] }];
  expect(createErrors(endpointSliceKind, slice(endpoints))).toEqual([
    'endpoints[1].addresses: Required value: must contain at least 1 address',
    'endpoints[2].addresses[0]: Invalid value: "2001:db8::1": must be a valid IPv4 address',
  ]);
  expect(createErrors(endpointSliceKind, slice([{ addresses: ['a.example'] }], [], 'FQDN'))).toEqual([]);
  expect(createErrors(endpointSliceKind, slice([], [], 'Carrier'))).toEqual([
    'addressType: Unsupported value: "Carrier": supported values: "FQDN", "IPv4", "IPv6"',
  ]);
  const some = [{ addresses: ['10.0.0.1'] }];
  for (const odd of ['toString', '__proto__'])
    expect(createErrors(endpointSliceKind, slice(some, [], odd))).toEqual([
      `addressType: Unsupported value: "${odd}": supported values: "FQDN", "IPv4", "IPv6"`,
    ]);
});

test('ports have names of their own, one of them none', () => {
  const ports = [{ port: 80 }, { port: 81 }, { name: 'a', port: 82, protocol: 'ICMP' }];
  expect(createErrors(endpointSliceKind, slice([], ports))).toEqual([
    'ports[1].name: Duplicate value: ""',
    'ports[2].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
  ]);
});

test('a slice holds a thousand endpoints', () => {
  const endpoints = Array.from({ length: 1001 }, () => ({ addresses: ['10.0.0.1'] }));
  expect(createErrors(endpointSliceKind, slice(endpoints))).toEqual([
    'endpoints: Too many: 1001: must have at most 1000 items',
  ]);
});

test('the type of addresses stays', () => {
  expect(updateErrors(endpointSliceKind, slice([]), (s) => void (s.addressType = 'IPv6'))).toEqual([
    'addressType: Invalid value: "IPv6": field is immutable',
  ]);
});

test('hints name zones', () => {
  const hints = { forZones: [{ name: 'a' }, { name: 'a' }] };
  expect(createErrors(endpointSliceKind, slice([{ addresses: ['10.0.0.1'], hints }]))).toEqual([
    'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
  ]);
});

test('the table shows ports and addresses', () => {
  const endpoints = ['1', '2', '3', '4'].map((n) => ({ addresses: [`10.0.0.${n}`] }));
  expect(row(endpointSliceKind, created(endpointSliceKind, slice(endpoints, [{ port: 80 }])))).toMatchObject({
    AddressType: 'IPv4',
    Ports: '80',
    Endpoints: '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...',
  });
});

test('what earlier versions said of places is dropped, and names as addresses are advised against', () => {
  const place = { addresses: ['10.0.0.1'], deprecatedTopology: { a: 'b' } };
  expect(created(endpointSliceKind, slice([place])).endpoints?.[0]).not.toHaveProperty('deprecatedTopology');
  const named = slice([], [], 'FQDN');
  expect(endpointSliceKind.warnings?.(named, undefined)).toEqual([
    'spec.addressType: FQDN endpoints are deprecated',
  ]);
  expect(endpointSliceKind.warnings?.(named, created(endpointSliceKind, named))).toEqual([]);
});

test.each([
  ['endpointslice-controller.k8s.io', []],
  ['endpointslicemirroring-controller.k8s.io', []],
  [
    'somebody',
    [
      'endpoints[0].addresses[0]: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"',
      'endpoints[1].addresses[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ],
  ],
])('addresses that are written oddly are advised against, unless %s writes them', (manager, said) => {
  const odd = slice([{ addresses: ['010.0.0.1'] }, { addresses: ['2001:DB8::1'] }]);
  odd.metadata.labels = { 'endpointslice.kubernetes.io/managed-by': manager };
  expect(endpointSliceKind.warnings?.(odd, undefined)).toEqual(said);
  expect(endpointSliceKind.warnings?.(odd, created(endpointSliceKind, odd))).toEqual(said);
});

test('a generation is a change of anything but metadata, or of labels', () => {
  const generation = (change: (slice: EndpointSlice) => void) => {
    const object = slice([{ addresses: ['10.0.0.1'] }]);
    const old = created(endpointSliceKind, { ...object, metadata: { ...object.metadata, generation: 3 } });
    const changed = clone(old);
    change(changed);
    endpointSliceKind.prepareForUpdate?.(changed, old, testContext());
    return changed.metadata.generation;
  };
  expect(generation((s) => void (s.metadata.labels = { a: 'b' }))).toBe(4);
  expect(generation((s) => void (s.metadata.labels = {}))).toBe(3);
  expect(generation((s) => void (s.metadata.annotations = { a: 'b' }))).toBe(3);
});
