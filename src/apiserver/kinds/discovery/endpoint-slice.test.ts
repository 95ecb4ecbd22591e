import { expect, test } from 'vitest';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../api/discovery/v1.ts';
import { created, createErrors, row, updateErrors } from '../shared/testing.ts';
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
  expect(endpointSliceKind.warnings?.(slice([], [], 'FQDN'), undefined)).toEqual([
    'spec.addressType: FQDN endpoints are deprecated',
  ]);
});
