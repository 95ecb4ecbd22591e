import { expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import { ipv6 } from './address-family.ts';
import { internalAddress, ownServiceRanges } from './service-ranges.ts';

const node = (name: string, address: string): Node => ({
  metadata: { name },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address }] },
});

test('ranges of Services are theirs alone, but for those in which pods or nodes have addresses, each family by itself', () => {
  const nodes = [node('a', '198.18.0.2'), node('b', '203.0.113.3')];
  const serviceCidrs = [
    ['10.96.0.0/12', 'fd00::/112'],
    ['10.112.0.0/16'],
    ['10.240.0.0/12'],
    ['203.0.113.0/28'],
    ['0.0.0.0/1'],
    ['10.112.0.0/16'],
    ['10.113.0.0/16; reboot'],
  ].map((cidrs, i) => ({ metadata: { name: `range-${i}` }, spec: { cidrs } }));
  expect(ownServiceRanges({ serviceCidrs, nodes, podRange: '10.244.0.0/16' })).toEqual([
    '10.96.0.0/12',
    '10.112.0.0/16',
  ]);
  const six = { serviceCidrs, nodes, family: ipv6 };
  expect(ownServiceRanges({ ...six, podRange: undefined })).toEqual(['fd00::/112']);
  expect(ownServiceRanges({ ...six, podRange: 'fd00::/16' })).toEqual([]);
  const inside = [...nodes, node('c', 'fd00::c')];
  expect(ownServiceRanges({ ...six, nodes: inside, podRange: 'fd01::/16' })).toEqual([]);
});

test('a node is known by its first internal address of each family', () => {
  const addresses = ['FD00:0::2', '198.18.0.2', 'fd00::3', '198.18.0.3'].map((address) => ({
    type: 'InternalIP',
    address,
  }));
  const both: Node = { metadata: {}, spec: {}, status: { addresses } };
  expect([internalAddress(both), internalAddress(both, ipv6)]).toEqual(['198.18.0.2', 'fd00::2']);
});
