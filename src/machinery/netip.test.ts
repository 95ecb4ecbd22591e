import { expect, test } from 'vitest';
import { addressFault, prefixFault } from './netip.ts';

test.each([
  '1.2.3.4',
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '::1.2.3.4',
  '1:2:3:4:5:6:7::',
  'fe80::1%eth0',
  '::ffff:1.2.3.4',
])('%s is an address', (text) => {
  expect(addressFault(text)).toBeUndefined();
});

test.each([
  ['', 'unable to parse IP'],
  ['bad', 'unable to parse IP'],
  ['%eth0', 'missing IPv6 address'],
  ['1.2.3', 'IPv4 address too short'],
  ['1.2.3.4.5', 'IPv4 address too long'],
  ['1.2.3.300', 'IPv4 field has value >255'],
  ['1.2.3.04', 'IPv4 field has octet with leading zero'],
  ['1..2.3', 'IPv4 field must have at least one digit (at ".2.3")'],
  ['1.2.3.', 'IPv4 field must have at least one digit (at ".")'],
  ['1.2.3.a', 'unexpected character (at "a")'],
  ['fe80::1%', 'zone must be a non-empty string'],
  ['1:2:3:4:5:6:7', 'address string too short'],
  ['1:2:3:4:5:6:7:8:9', 'trailing garbage after address (at "9")'],
  ['1:2:3:4:5:6:7:8:', 'colon must be followed by more characters (at ":")'],
  ['12345::', 'each group must have 4 or less digits (at "12345::")'],
  ['1::2::3', 'multiple :: in address (at ":3")'],
  ['1:2:3:4::5:6:7:8', 'the :: must expand to at least one field of zeros'],
  ['1:g', 'each colon-separated field must have at least one digit (at "g")'],
  ['1:2g', 'unexpected character, want colon (at "g")'],
  ['1:1.2.3.4', 'embedded IPv4 address must replace the final 2 fields of the address (at "1.2.3.4")'],
  [
    '::1:2:3:4:5:6:7:1.2.3.4',
    'too many hex fields to fit an embedded IPv4 at the end of the address (at "1.2.3.4")',
  ],
])('%j is none: %s', (text, why) => {
  expect(addressFault(text)).toBe(`ParseAddr(${JSON.stringify(text)}): ${why}`);
});

test.each([
  ['1.2.3.4', "no '/'"],
  ['1.2.3.4/', 'bad bits after slash: ""'],
  ['1.2.3.4/01', 'bad bits after slash: "01"'],
  ['1.2.3.4/+1', 'bad bits after slash: "+1"'],
  ['1.2.3.4/33', 'prefix length out of range'],
  ['::/129', 'prefix length out of range'],
  ['fe80::1%a/64', 'IPv6 zones cannot be present in a prefix'],
  ['1.2.3/8', 'ParseAddr("1.2.3"): IPv4 address too short'],
])('%j is no prefix: %s', (text, why) => {
  expect(prefixFault(text)).toBe(`netip.ParsePrefix("${text}"): ${why}`);
});
