import { describe, expect, test } from 'vitest';
import { readServiceNetwork } from './service-network.ts';

const podRanges = ['10.244.0.0/16'];
const read = (text: string | undefined, publicAddress?: string) =>
  readServiceNetwork(text, { podRanges, publicAddresses: publicAddress ? [publicAddress] : [] });

describe('the addresses of Services', () => {
  test.each<[string, string | undefined, string[], string, string]>([
    ['nothing', undefined, ['10.96.0.0/12'], '10.96.0.1', '10.96.0.10'],
    ['an empty text', '', ['10.96.0.0/12'], '10.96.0.1', '10.96.0.10'],
    ['a range', '10.0.0.0/16', ['10.0.0.0/16'], '10.0.0.1', '10.0.0.10'],
    ['one of class E', '244.0.0.0/16', ['244.0.0.0/16'], '244.0.0.1', '244.0.0.10'],
    ['one larger than upstream once took', '11.0.0.0/8', ['11.0.0.0/8'], '11.0.0.1', '11.0.0.10'],
    ['the smallest', '10.0.0.32/28', ['10.0.0.32/28'], '10.0.0.33', '10.0.0.42'],
    ['one with bits behind its prefix', '10.0.7.9/16', ['10.0.0.0/16'], '10.0.0.1', '10.0.0.10'],
    ['one of IPv6', 'FD00:0::/112', ['fd00::/112'], 'fd00::1', 'fd00::a'],
    ['the largest of IPv6', '2001:db8::/64', ['2001:db8::/64'], '2001:db8::1', '2001:db8::a'],
    ['IPv4, then IPv6', '10.0.0.0/16,3000::/108', ['10.0.0.0/16', '3000::/108'], '10.0.0.1', '10.0.0.10'],
    ['IPv6, then IPv4', '3000::/108,10.0.0.0/16', ['3000::/108', '10.0.0.0/16'], '3000::1', '3000::a'],
  ])('follow from what is said: %s', (_, text, ranges, apiServiceAddress, dnsAddress) => {
    expect(read(text)).toEqual({ ranges, apiServiceAddress, dnsAddress });
  });

  test.each<[string, string]>([
    [',10.0.0.0/16', 'service-cluster-ip-range[0] is not a valid cidr'],
    ['10.0.0.0', 'service-cluster-ip-range[0] is not a valid cidr'],
    ['10.0.0.0/33', 'service-cluster-ip-range[0] is not a valid cidr'],
    ['::ffff:10.0.0.0/112', 'service-cluster-ip-range[0] is not a valid cidr'],
    ['10.0.0.0/16,', 'service-cluster-ip-range[1] is not an ip net'],
    ['10.0.0.0/16, fd00::/112', 'service-cluster-ip-range[1] is not an ip net'],
    [
      '10.0.0.0/16,fd00::/112,11.0.0.0/16',
      '--service-cluster-ip-range must not contain more than two entries',
    ],
    [
      '10.0.0.0/16,11.0.0.0/16',
      '--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family',
    ],
    [
      '2000::/108,3000::/108',
      '--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family',
    ],
    [
      '10.0.0.0/29',
      '--service-cluster-ip-range 10.0.0.0/29: subnet with 8 address(es) is too small, the minimum is 10',
    ],
    [
      '10.0.0.0/16,fd00::/125',
      '--service-cluster-ip-range fd00::/125: subnet with 8 address(es) is too small, the minimum is 10',
    ],
    [
      'fd00::/63',
      '--service-cluster-ip-range fd00::/63: shortest allowed prefix length for service CIDR is 64, got 63',
    ],
    ['10.0.0.0/8', '--service-cluster-ip-range 10.0.0.0/8 has addresses that pods have: 10.244.0.0/16'],
    ['10.244.8.0/24', '--service-cluster-ip-range 10.244.8.0/24 has addresses that pods have: 10.244.0.0/16'],
    [
      'fd00::/112,0.0.0.0/0',
      '--service-cluster-ip-range 0.0.0.0/0 has addresses that pods have: 10.244.0.0/16',
    ],
  ])('cannot be %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test('are of the family in which the server is found, and not where it is', () => {
    expect(read('10.0.0.0/16,fd00::/112', '192.0.2.1').ranges).toHaveLength(2);
    expect(read('fd00::/112', 'fd01::1').ranges).toEqual(['fd00::/112']);
    expect(() => read('fd00::/112,10.0.0.0/16', '192.0.2.1')).toThrow(
      'service IP family "fd00::/112" must match public address family "192.0.2.1"',
    );
    expect(() => read('10.0.0.0/16', 'fd01::1')).toThrow(
      'service IP family "10.0.0.0/16" must match public address family "fd01::1"',
    );
    expect(() => read('192.0.0.0/16', '192.0.2.1')).toThrow(
      '--service-cluster-ip-range 192.0.0.0/16 has addresses that servers have: 192.0.2.1',
    );
    expect(() => read('198.18.0.0/16', '198.18.0.0/15')).toThrow('has addresses that servers have');
  });

  test.each([
    [
      ['10.244.0.0/16', 'fd00:10:244::/56'],
      ['10.96.0.0/12', 'fd00:10:96::/112'],
    ],
    [
      ['fd00:10:244::/56', '10.244.0.0/16'],
      ['fd00:10:96::/112', '10.96.0.0/12'],
    ],
    [['fd00:10:244::/56'], ['fd00:10:96::/112']],
  ])('are of the families that pods have where nobody says: %j', (own, ranges) => {
    expect(readServiceNetwork(undefined, { podRanges: own }).ranges).toEqual(ranges);
  });

  test('are apart from all that pods have', () => {
    const others = { podRanges: ['10.244.0.0/16', 'fd00:10:96::/56'] };
    expect(() => readServiceNetwork('10.96.0.0/16,fd00:10:96::/112', others)).toThrow(
      '--service-cluster-ip-range fd00:10:96::/112 has addresses that pods have: fd00:10:96::/56',
    );
  });

  test('are of any family in which the server is found', () => {
    const others = { podRanges, publicAddresses: ['192.0.2.1', 'fd01::1'] };
    expect(readServiceNetwork('fd00::/112', others).ranges).toEqual(['fd00::/112']);
    expect(readServiceNetwork('10.0.0.0/16', others).ranges).toEqual(['10.0.0.0/16']);
  });
});
