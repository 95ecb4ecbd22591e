import { expect, test } from 'vitest';
import { ipv4, ipv6 } from '../machinery/address-family.ts';
import { viewOf } from './node-view.ts';

test.each([
  [
    'the first within the cluster',
    [
      ['Hostname', 'node-1'],
      ['ExternalIP', '203.0.113.7'],
      ['InternalIP', 'fd00::2'],
      ['InternalIP', '198.18.0.2'],
      ['InternalIP', '198.18.9.2'],
    ],
    ['198.18.0.2'],
  ],
  [
    'one from outside where there is no other',
    [
      ['ExternalIP', '203.0.113.7'],
      ['ExternalIP', '203.0.113.8'],
    ],
    ['203.0.113.7'],
  ],
  ['none of another family', [['InternalIP', 'fd00::2']], []],
])('node ports are served on one address of the node: %s', (_, addresses, served) => {
  const told = addresses.map(([type = '', address = '']) => ({ type, address }));
  const node = {
    metadata: { labels: { 'topology.kubernetes.io/zone': 'a' } },
    spec: {},
    status: { addresses: told },
  };
  expect(viewOf('node-1', node, ipv4)).toEqual({
    name: 'node-1',
    family: ipv4,
    addresses: served,
    zone: 'a',
  });
});

test.each([
  ['fd00::2', ['fd00::2']],
  ['FD00:0::2', ['fd00::2']],
  // Upstream serves none there either: packets of a loopback address go nowhere else.
  ['::1', []],
])('node ports of IPv6 are served on the primary address of that family: %s', (address, served) => {
  const addresses = [
    { type: 'InternalIP', address: '198.18.0.2' },
    { type: 'InternalIP', address },
    { type: 'InternalIP', address: 'fd00::9' },
  ];
  expect(viewOf('n', { metadata: {}, spec: {}, status: { addresses } }, ipv6).addresses).toEqual(served);
});

test('a node that is not known has no address and is nowhere', () => {
  expect(viewOf('node-1', undefined, ipv4)).toEqual({
    name: 'node-1',
    family: ipv4,
    addresses: [],
    zone: undefined,
  });
});
