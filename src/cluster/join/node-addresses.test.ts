import { expect, test } from 'vitest';
import { nodeAddresses, readNodeIps } from './node-addresses.ts';

const own = ['fe80::1', '198.18.0.2', '198.18.0.3', 'fd01::2'];
const of = (podRanges: string, given?: string) =>
  nodeAddresses(podRanges.split(','), { given: given === undefined ? given : readNodeIps(given), own });
const ipv4 = '10.244.0.0/16';
const ipv6 = 'fd00:10:244::/56';

test.each([
  [ipv4, undefined, { address: '198.18.0.2' }],
  [ipv6, undefined, { address: 'fd01::2' }],
  [`${ipv4},${ipv6}`, undefined, { address: '198.18.0.2', secondAddress: 'fd01::2' }],
  [`${ipv6},${ipv4}`, undefined, { address: 'fd01::2', secondAddress: '198.18.0.2' }],
  [ipv4, '198.18.0.9', { address: '198.18.0.9' }],
  [`${ipv4},${ipv6}`, 'FD01:0::9, 198.18.0.9', { address: 'fd01::9', secondAddress: '198.18.0.9' }],
])('where pods are of %s, and %s is said, a node is found at %j', (podRanges, given, expected) => {
  expect(of(podRanges, given)).toEqual(expected);
});

test('a node of two families on a machine of one is found at what there is', () => {
  expect(nodeAddresses([ipv4, ipv6], { own: ['198.18.0.2'] })).toEqual({ address: '198.18.0.2' });
});

test.each([
  ['x', '--node-ip x is not an IP address'],
  ['198.18.0.2,', '--node-ip  is not an IP address'],
  ['198.18.0.2,198.18.0.3', 'must contain either a single IP or a dual-stack pair of IPs'],
  ['198.18.0.2,fd01::2,fd01::3', 'must contain either a single IP or a dual-stack pair of IPs'],
  ['127.0.0.1', 'a node cannot be found at 127.0.0.1'],
])('a node cannot be at %s', (given, message) => {
  expect(() => of(ipv4, given)).toThrow(message);
});

test('a machine without an address of the family of pods is told to give one', () => {
  expect(() => nodeAddresses([ipv6], { own: ['198.18.0.2'] })).toThrow('a node cannot be found at ::1');
  expect(() => nodeAddresses([ipv4], { own: [] })).toThrow('a node cannot be found at 127.0.0.1');
});
