import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../platform/random.ts';
import { addressAt, addressRange, freeAddress, holdsAddress, isAllottable } from './address-range.ts';
import { freePort, portError } from './port-range.ts';

const random = seededRandom(7);

describe('addresses', () => {
  const range = addressRange('10.96.0.0/12');

  test('have their places', () => {
    expect(addressAt(range, 1)).toBe('10.96.0.1');
    expect(addressAt(range, 256)).toBe('10.96.1.0');
    expect(addressAt(addressRange('fd00::/108'), 10)).toBe('fd00::a');
  });

  test('are given out from the upper band first', () => {
    const small = addressRange('10.0.0.0/24');
    const used = new Set<string>();
    for (let i = 0; i < 238; i++) used.add(freeAddress(small, (ip) => used.has(ip), random) as string);
    expect(used.size).toBe(238);
    expect([...used].some((ip) => Number(ip.split('.')[3]) <= 16)).toBe(false);
    for (let i = 0; i < 16; i++) used.add(freeAddress(small, (ip) => used.has(ip), random) as string);
    expect(used.size).toBe(254);
    expect(freeAddress(small, (ip) => used.has(ip), random)).toBeUndefined();
  });

  test('outside, of the network and of all are none', () => {
    expect(holdsAddress(range, '10.96.0.10')).toBe(true);
    for (const ip of ['10.95.0.1', '10.96.0.0', '10.111.255.255', 'fd00::1']) {
      expect(holdsAddress(range, ip)).toBe(false);
    }
    const large = addressRange('2001:db8::/64');
    expect(holdsAddress(large, '2001:db8::')).toBe(false);
    expect(holdsAddress(large, '2001:db8::ffff:ffff:ffff:ffff')).toBe(true);
  });

  test('come from no range of IPv6 that is too large', () => {
    expect(['2001:db8::/63', '2001:db8::/64', '10.0.0.0/8'].map(isAllottable)).toEqual([false, true, true]);
  });
});

describe('ports', () => {
  const range = { first: 30000, last: 32767 };

  test('are given out from the upper band first', () => {
    expect(freePort(range, (port) => port > 30086, random)).toBe(30086);
    expect(freePort(range, (port) => port !== 30000, random)).toBe(30000);
    expect(freePort(range, () => true, random)).toBeUndefined();
  });

  test('outside are none', () => {
    expect(portError(range, 32767)).toBeUndefined();
    expect(portError(range, 80)).toBe(
      'provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
  });
});
