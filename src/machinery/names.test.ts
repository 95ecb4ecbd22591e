import { describe, expect, test } from 'vitest';
import {
  canonicalIp,
  cidrContains,
  cidrErrors,
  ipErrors,
  ipFamily,
  legacyCidrErrors,
  legacyIpErrors,
} from './ip.ts';
import {
  cIdentifierErrors,
  configMapKeyErrors,
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  dns1123SubdomainWithUnderscoreErrors,
  envVarNameErrors,
  httpHeaderNameErrors,
  labelValueErrors,
  pathSegmentNameErrors,
  percentErrors,
  portNameErrors,
  portNumberErrors,
  qualifiedNameErrors,
  unixIdErrors,
  wildcardDns1123SubdomainErrors,
} from './names.ts';

describe('names', () => {
  test.each([
    [dns1123LabelErrors, ['a', 'a-1', '1a'], ['', 'A', '-a', 'a-', 'a.b', 'a\n', 'a'.repeat(64)]],
    [dns1123SubdomainErrors, ['a.b', 'a', '1.2'], ['', '.a', 'a..b', 'a_b', 'a'.repeat(254)]],
    [dns1123SubdomainWithUnderscoreErrors, ['_a.b_c', 'a'], ['', 'A', '-a']],
    [dns1035LabelErrors, ['a1', 'a-b'], ['1a', '', 'a-']],
    [wildcardDns1123SubdomainErrors, ['*.a.b'], ['*', '*.*.a', 'a.b', '*a.b']],
    [qualifiedNameErrors, ['a', 'A_b.c', 'x.io/A'], ['', '/a', 'a/', 'a/b/c', 'X.io/a', `${'a'.repeat(64)}`]],
    [labelValueErrors, ['', 'A', 'a_b.c'], ['-', 'a b', 'ä', 'a'.repeat(64)]],
    [cIdentifierErrors, ['a_1', '_'], ['', '1a', 'a-b']],
    [envVarNameErrors, ['A', 'a.b', '1-x y'], ['', 'a=b', 'ä', 'a\n']],
    [configMapKeyErrors, ['a.b', '.a', 'A_B'], ['', '.', '..', '..a', 'a/b']],
    [pathSegmentNameErrors, ['a', ':'], ['.', '..', 'a/b', '%']],
    [portNameErrors, ['http', 'a-1'], ['', 'A', '1', 'a--b', '-a', 'a'.repeat(16)]],
    [percentErrors, ['1%'], ['1', '%']],
    [httpHeaderNameErrors, ['X-A'], ['', 'a b']],
  ])('%o', (errorsOf, right, wrong) => {
    for (const value of right) expect([value, errorsOf(value)]).toEqual([value, []]);
    for (const value of wrong) expect([value, errorsOf(value).length > 0]).toEqual([value, true]);
  });

  test('the texts are upstream’s', () => {
    expect(dns1123LabelErrors('A')).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    expect(dns1123LabelErrors('a.b')).toEqual(['must not contain dots']);
    expect(dns1123LabelErrors('a'.repeat(64))).toEqual(['must be no more than 63 characters']);
    expect(labelValueErrors('a'.repeat(64))).toEqual(['must be no more than 63 bytes']);
    expect(qualifiedNameErrors('')).toEqual([
      'name part must be non-empty',
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]);
    expect(portNumberErrors(0)).toEqual(['must be between 1 and 65535, inclusive']);
    expect(unixIdErrors(-1)).toEqual(['must be between 0 and 2147483647, inclusive']);
    expect(configMapKeyErrors('..a')).toEqual(["must not start with '..'"]);
  });

  test('a long hostile name is refused at once', () => {
    expect(dns1123SubdomainErrors('a-'.repeat(1_000_000)).length).toBe(2);
  });
});

describe('addresses', () => {
  test('families and canonical forms', () => {
    expect(ipFamily('10.0.0.1')).toBe(4);
    expect(ipFamily('fe80::1')).toBe(6);
    for (const text of [
      '',
      '1',
      '10.0.0',
      '010.0.0.1',
      '0x7f.1',
      '1.2.3.4.5',
      '::1%eth0',
      '10.0.0.256',
      ':::',
      'x',
    ]) {
      expect([text, ipFamily(text)]).toEqual([text, 0]);
    }
    expect(canonicalIp('FE80:0:0:0::ABC')).toBe('fe80::abc');
    expect(canonicalIp('::ffff:1.2.3.4')).toBe('1.2.3.4');
  });

  test('the texts are upstream’s', () => {
    expect(ipErrors('10.0.0.1')).toEqual([]);
    expect(ipErrors('x')).toEqual(['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']);
    expect(ipErrors('010.0.0.1')).toEqual(['must not have leading 0s']);
    expect(ipErrors('::ffff:1.2.3.4')).toEqual(['must not be an IPv4-mapped IPv6 address']);
    expect(ipErrors('FE80::1')).toEqual(['must be in canonical form ("fe80::1")']);
    expect(cidrErrors('10.0.0.0/8')).toEqual([]);
    expect(cidrErrors('10.0.0.1/8')).toEqual(['must not have bits set beyond the prefix length']);
    expect(cidrErrors('10.0.0.0/33')).toEqual([
      'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
    expect(cidrErrors('2001:DB8::/32')).toEqual(['must be in canonical form ("2001:db8::/32")']);
    expect(cidrErrors('10.0.0.0/08')).toEqual(['must not have leading 0s in IP or prefix length']);
  });

  test.each([
    ['010.0.0.1', ['must not have leading 0s']],
    ['::ffff:1.2.3.4', ['must not be an IPv4-mapped IPv6 address']],
    ['FE80::1', []],
  ])('the address %s stays where it was', (ip, errors) => {
    expect(legacyIpErrors(ip)).toEqual(errors);
    expect(legacyIpErrors(ip, ['10.0.0.1'])).toEqual(errors);
    expect(legacyIpErrors(ip, ['10.0.0.1', ip])).toEqual([]);
  });

  test.each([
    ['010.0.0.0/8', ['must not have leading 0s in IP or prefix length']],
    ['10.0.0.0/08', ['must not have leading 0s in IP or prefix length']],
    ['10.0.0.1/8', ['must not have bits set beyond the prefix length']],
    ['2001:DB8::/32', []],
  ])('the range %s stays where it was', (cidr, errors) => {
    expect(legacyCidrErrors(cidr)).toEqual(errors);
    expect(legacyCidrErrors(cidr, ['10.0.0.0/8'])).toEqual(errors);
    expect(legacyCidrErrors(cidr, [cidr])).toEqual([]);
  });

  test('what is no address is none', () => {
    expect(legacyIpErrors('x', ['10.0.0.1'])).toEqual([
      'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    expect(legacyCidrErrors('x', ['10.0.0.0/8'])).toEqual([
      'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
  });

  test('ranges hold what they hold', () => {
    expect(cidrContains('10.96.0.0/12', '10.111.255.255')).toBe(true);
    expect(cidrContains('10.96.0.0/12', '10.112.0.0')).toBe(false);
    expect(cidrContains('fd00::/8', 'fd12::1')).toBe(true);
    expect(cidrContains('fd00::/8', '10.0.0.1')).toBe(false);
    expect(cidrContains('0.0.0.0/0', '255.255.255.255')).toBe(true);
  });
});
