import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipFamily } from '../../ip.ts';
import { addressFault } from '../../netip.ts';
import { compile } from '../cel.ts';
import { CelError } from '../errors.ts';
import { toJson } from '../to-json.ts';
import { stringType } from '../types.ts';
import type { CelValue } from '../values.ts';

const run = (expression: string): CelValue => compile(expression, { variables: {} }).evaluate(() => null);

describe('functions of Kubernetes give what they give upstream:', () => {
  test.each<[string, CelValue]>([
    ['cidr("192.168.0.0/24").containsIP(ip("192.168.0.1"))', true],
    ['cidr("192.168.0.0/24").containsIP(ip("192.168.1.1"))', false],
    ['cidr("192.168.0.0/24").containsIP("192.168.0.1")', true],
    ['cidr("192.168.0.0/24").containsIP("192.168.1.1")', false],
    ['cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.0/25"))', true],
    ['cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.1/32"))', true],
    ['cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.0/23"))', false],
    ['cidr("192.168.0.0/24").containsCIDR(cidr("192.169.0.1/32"))', false],
    ['cidr("192.168.0.0/24").containsCIDR("192.168.0.0/25")', true],
    ['cidr("192.168.0.0/24").containsCIDR("192.168.0.0/23")', false],
    ['cidr("192.168.0.0/24").prefixLength()', 24n],
    ['cidr("2001:db8::/32").containsIP(ip("2001:db8::1"))', true],
    ['cidr("2001:db8::/32").containsIP(ip("2001:dc8::1"))', false],
    ['cidr("2001:db8::/32").containsIP("2001:db8::1")', true],
    ['cidr("2001:db8::/32").containsIP("2001:dc8::1")', false],
    ['cidr("2001:db8::/32").containsCIDR(cidr("2001:db8::/33"))', true],
    ['cidr("2001:db8::/32").containsCIDR(cidr("2001:db8::/31"))', false],
    ['cidr("2001:db8::/32").containsCIDR("2001:db8::/33")', true],
    ['cidr("2001:db8::/32").containsCIDR("2001:db8::/31")', false],
    ['cidr("2001:db8::/32").prefixLength()', 32n],
    ['string(cidr("192.168.0.0/24"))', '192.168.0.0/24'],
    ['type(cidr("192.168.0.0/24")) == net.CIDR', true],
    ['string(ip("192.168.0.1"))', '192.168.0.1'],
    ['isIP("192.168.0.1")', true],
    ['isIP("192.168.0.1.0")', false],
    ['ip.isCanonical("127.0.0.1")', true],
    ['ip("192.168.0.1").family()', 4n],
    ['ip("0.0.0.0").isUnspecified()', true],
    ['ip("127.0.0.1").isUnspecified()', false],
    ['ip("127.0.0.1").isLoopback()', true],
    ['ip("1.2.3.4").isLoopback()', false],
    ['ip("224.0.0.1").isLinkLocalMulticast()', true],
    ['ip("224.0.1.1").isLinkLocalMulticast()', false],
    ['ip("169.254.169.254").isLinkLocalUnicast()', true],
    ['ip("192.168.0.1").isLinkLocalUnicast()', false],
    ['ip("192.168.0.1").isGlobalUnicast()', true],
    ['ip("255.255.255.255").isGlobalUnicast()', false],
    ['isIP("2001:db8::68")', true],
    ['isIP("2001:db8:::68")', false],
    ['ip.isCanonical("2001:db8::68")', true],
    ['ip.isCanonical("2001:DB8::68")', false],
    ['ip("2001:db8::68").family()', 6n],
    ['ip("::").isUnspecified()', true],
    ['ip("::1").isUnspecified()', false],
    ['ip("::1").isLoopback()', true],
    ['ip("2001:db8::abcd").isLoopback()', false],
    ['ip("ff02::1").isLinkLocalMulticast()', true],
    ['ip("fd00::1").isLinkLocalMulticast()', false],
    ['ip("fe80::1").isLinkLocalUnicast()', true],
    ['ip("fd80::1").isLinkLocalUnicast()', false],
    ['ip("2001:db8::abcd").isGlobalUnicast()', true],
    ['ip("ff00::1").isGlobalUnicast()', false],
    ['type(ip("192.168.0.1")) == net.IP', true],
    ['format.dns1123Label().validate("my-label-name").hasValue()', false],
    ['format.dns1123Subdomain().validate("apiextensions.k8s.io").hasValue()', false],
    ['format.qualifiedName().validate("apiextensions.k8s.io/v1beta1").hasValue()', false],
    ['format.dns1123LabelPrefix().validate("my-label-prefix-").hasValue()', false],
    ['format.dns1123SubdomainPrefix().validate("mysubdomain.prefix.-").hasValue()', false],
    ['format.dns1035LabelPrefix().validate("my-label-prefix-").hasValue()', false],
    ['format.uri().validate("http://example.com").hasValue()', false],
    ['format.uuid().validate("123e4567-e89b-12d3-a456-426614174000").hasValue()', false],
    ['format.byte().validate("aGVsbG8=").hasValue()', false],
    ['format.date().validate("2021-01-01").hasValue()', false],
    ['format.datetime().validate("2021-01-01T00:00:00Z").hasValue()', false],
    ['format.dns1123Subdomain().validate("example.com").hasValue()', false],
    ['format.dns1035Label().validate("my-label-name").hasValue()', false],
    ['format.qualifiedName().validate("my.name").hasValue()', false],
    ['format.date().validate("2020-01-01").hasValue()', false],
    ['format.datetime().validate("2020-01-01T00:00:00Z").hasValue()', false],
    ['format.named("unknown").hasValue()', false],
    ['format.labelValue().validate("my-cool-label-Value").hasValue()', false],
    ['isQuantity("20")', true],
    ['isQuantity("20M")', true],
    ['isQuantity("20Mi")', true],
    ['isQuantity("20Mo")', false],
    ['isQuantity("10Mm")', false],
    ['quantity("200M") == quantity("200M")', true],
    ['quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")', true],
    [
      'quantity("2M") == quantity("0.002G") && quantity("2000k") == quantity("2M") && quantity("0.002G") == quantity("2000k")',
      true,
    ],
    ['quantity("200M") == quantity("0.3G")', false],
    ['quantity("50M").isLessThan(quantity("50Mi"))', true],
    ['quantity("50M").isLessThan(quantity("100M"))', true],
    ['quantity("100M").isLessThan(quantity("50M"))', false],
    ['quantity("50Mi").isGreaterThan(quantity("50M"))', true],
    ['quantity("150Mi").isGreaterThan(quantity("100Mi"))', true],
    ['quantity("50M").isGreaterThan(quantity("100M"))', false],
    ['quantity("200M").compareTo(quantity("0.2G"))', 0n],
    ['quantity("50M").compareTo(quantity("50Mi"))', -1n],
    ['quantity("50Mi").compareTo(quantity("50M"))', 1n],
    ['quantity("50k").add(quantity("20")) == quantity("50.02k")', true],
    ['quantity("50k").add(20).isLessThan(quantity("50020"))', false],
    ['quantity("50k").sub(quantity("20")) == quantity("49.98k")', true],
    ['quantity("50k").sub(20) == quantity("49980")', true],
    ['quantity("50k").add(20).sub(quantity("100k")).asInteger()', -49980n],
    ['quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger()', 20n],
    ['quantity("50k").asInteger()', 50000n],
    ['quantity("9999999999999999999999999999999999999G").isInteger()', false],
    ['quantity("50").isInteger()', true],
    ['quantity("50.703k").asApproximateFloat()', 50703],
    ['isSemver("1.2.3-beta.1+build.1")', true],
    ['isSemver("")', false],
    ['isSemver("v1.0.0")', false],
    ['isSemver(" 1.0.0")', false],
    ['isSemver("1. 0.0")', false],
    ['isSemver("1.0.0 ")', false],
    ['isSemver("01.01.01")', false],
    ['isSemver("1")', false],
    ['isSemver("1.1")', false],
    ['isSemver("", true)', false],
    ['isSemver(" 1.0.0", true)', false],
    ['isSemver("1. 0.0", true)', false],
    ['isSemver("1.0.0 ", true)', false],
    ['isSemver("v1.0.0", true)', true],
    ['isSemver("01.01.01", true)', true],
    ['isSemver("1", true)', true],
    ['isSemver("1.1", true)', true],
    ['semver("v01.01", true) == semver("1.1.0")', true],
    ['semver("1.2.3") == semver("1.2.3")', true],
    ['semver("1.2.3") == semver("1.0.0")', false],
    ['semver("1.0.0").isLessThan(semver("1.2.3"))', true],
    ['semver("1.0.0").isLessThan(semver("1.0.0"))', false],
    ['semver("1.2.3").isGreaterThan(semver("1.0.0"))', true],
    ['semver("1.0.0").isGreaterThan(semver("1.0.0"))', false],
    ['semver("1.2.3").compareTo(semver("1.2.3"))', 0n],
    ['semver("1.0.0").compareTo(semver("1.2.3"))', -1n],
    ['semver("1.2.3").compareTo(semver("1.0.0"))', 1n],
    ['semver("1.2.3").major()', 1n],
    ['semver("1.2.3").minor()', 2n],
    ['semver("1.2.3").patch()', 3n],
    ['string(cidr("192.168.0.1/24").masked())', '192.168.0.0/24'],
    ['string(cidr("2001:db8:1::/32").masked())', '2001:db8::/32'],
    ['string(cidr("192.168.0.0/24").ip())', '192.168.0.0'],
    ['isIP("fe80::1%eth0")', false],
    ['isIP("::ffff:1.2.3.4")', false],
    ['isCIDR("::ffff:1.2.3.4/100")', false],
    ['isCIDR("10.0.0.0/08")', false],
    ['isSemver("18446744073709551615.0.0")', true],
    ['isSemver("18446744073709551616.0.0")', false],
    ['isSemver("1.0.0-")', false],
    ['isSemver("1.0.0+")', false],
    ['isSemver("v1.2-rc", true)', false],
    ['semver("v01.002.0003-rc.1", true) == semver("1.2.3-rc.1")', true],
    ['semver("v1.2.0-rc", true) == semver("1.2.0-rc")', true],
    ['semver("1.0.0-2").isLessThan(semver("1.0.0-10"))', true],
    ['semver("1.0.0+a") == semver("1.0.0+b")', true],
    ['isURL("https://example.com/a?b")', true],
    ['isURL("../relative")', false],
  ])('%s', (expression, wanted) => {
    expect(run(expression)).toEqual(wanted);
  });

  test.each([
    'dns1123Label',
    'dns1123Subdomain',
    'dns1035Label',
    'qualifiedName',
    'dns1123LabelPrefix',
    'dns1123SubdomainPrefix',
    'dns1035LabelPrefix',
    'labelValue',
    'uri',
    'uuid',
    'byte',
    'date',
    'datetime',
  ])('the format %s by its name', (name) => {
    expect(run(`format.named("${name}").value() == format.${name}()`)).toBe(true);
    const other = name === 'uri' ? 'byte' : 'uri';
    expect(run(`format.named("${name}").value() == format.${other}()`)).toBe(false);
  });
});

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('a format says what is wrong:', () => {
  test.each([
    ['dns1123Label', 'contains a space', label],
    ['dns1123LabelPrefix', 'contains a space-', label],
    ['byte', 'aGVsbG8', 'invalid base64'],
    ['date', '2020-01-32', 'invalid date'],
    ['datetime', '2020-01-32T00:00:00Z', 'invalid datetime'],
  ])('%s of %s', (name, text, wanted) => {
    expect(toJson(run(`format.${name}().validate("${text}").value()`))).toEqual([wanted]);
  });
});

const unread = (text: string, why: string) =>
  `IP Address "${text}" parse error during conversion from string: ParseAddr("${text}"): ${why}`;
const unreadNetwork = (text: string, why: string) => {
  const once = 'network address parse error during conversion from string: ';
  return `${once}${once}netip.ParsePrefix("${text}"): ${why}`;
};

describe('they fail as upstream does:', () => {
  test.each([
    ['ip("192.168.0.1.0")', unread('192.168.0.1.0', 'IPv4 address too long')],
    [
      'ip("2001:db8:::68")',
      unread('2001:db8:::68', 'each colon-separated field must have at least one digit (at ":68")'),
    ],
    ['ip.isCanonical("127.0.0.1.0")', unread('127.0.0.1.0', 'IPv4 address too long')],
    ['ip("fe80::1%eth0")', 'IP address "fe80::1%eth0" with zone value is not allowed'],
    ['ip("::ffff:1.2.3.4")', 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
    ['cidr("192.168.0.0/")', unreadNetwork('192.168.0.0/', 'bad bits after slash: ""')],
    ['cidr("2001:db8::/")', unreadNetwork('2001:db8::/', 'bad bits after slash: ""')],
    ['cidr("10.0.0.0")', unreadNetwork('10.0.0.0', "no '/'")],
    ['cidr("10.0.0.0/33")', unreadNetwork('10.0.0.0/33', 'prefix length out of range')],
    ['cidr("10.0.0/8")', unreadNetwork('10.0.0/8', 'ParseAddr("10.0.0"): IPv4 address too short')],
    [
      'cidr("::ffff:1.2.3.4/100")',
      'network address parse error during conversion from string: IPv4-mapped IPv6 address "::ffff:1.2.3.4/100" is not allowed',
    ],
    ['cidr("10.0.0.0/8").containsIP("10.0.0")', unread('10.0.0', 'IPv4 address too short')],
    ['semver("")', 'Version string empty'],
    ['semver("v1.0")', 'No Major.Minor.Patch elements found'],
    ['semver("v1.0.0")', 'Invalid character(s) found in major number "v1"'],
    ['semver("1.02.0")', 'Minor number must not contain leading zeroes "02"'],
    ['semver("1.2.x")', 'Invalid character(s) found in patch number "x"'],
    ['semver("1.2.")', 'strconv.ParseUint: parsing "": invalid syntax'],
    ['semver("1.2.3-")', 'Prerelease is empty'],
    ['semver("1.2.3-01")', 'Numeric PreRelease version must not contain leading zeroes "01"'],
    ['semver("1.2.3-a_b")', 'Invalid character(s) found in prerelease "a_b"'],
    ['semver("1.2.3+a..b")', 'Build meta data is empty'],
    ['semver("1.2.3+a_b")', 'Invalid character(s) found in build meta data "a_b"'],
    [
      'semver("18446744073709551616.0.0")',
      'strconv.ParseUint: parsing "18446744073709551616": value out of range',
    ],
    ['semver("1.2-rc", true)', 'short version cannot contain PreRelease/Build meta data'],
    ['quantity("10Mm")', "unable to parse quantity's suffix"],
    ['quantity("9999999999999999999999999999999999999G").asInteger()', 'cannot convert value to integer'],
  ])('%s', (expression, wanted) => {
    expect(() => run(expression)).toThrow(new CelError(wanted));
  });
});

test('what is said to be an address can be read, and is one for all else', () => {
  const canonical = compile('string(ip(text))', { variables: { text: stringType } });
  const unit = fc.constantFrom('1', '20', '::', ':', '.', 'ab', '0', 'f', '1.2.3.4', '/');
  const agree = (text: string) => {
    const isOne = addressFault(text) === undefined;
    expect(isOne).toBe(ipFamily(text) !== 0);
    if (isOne && !text.includes('f:')) expect(typeof canonical.evaluate(() => text)).toBe('string');
  };
  fc.assert(fc.property(fc.string({ unit, maxLength: 17 }), agree), { numRuns: 2000 });
});
