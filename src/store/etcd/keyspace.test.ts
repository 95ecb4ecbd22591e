import { expect, test } from 'vitest';
import { Keyspace } from './keyspace.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const ranges = (keyspace: Keyspace, prefix: string, from?: string) =>
  keyspace.ranges(prefix, from).map(({ key, rangeEnd }) => [text(key), text(rangeEnd)]);

const whole = new Keyspace('');

test.each([
  ['/registry/', undefined, [['/registry/', '/registry0']]],
  ['/registry/', '/registry/b', [['/registry/b', '/registry0']]],
  ['/registry/', '/a', [['/registry/', '/registry0']]],
  [
    '',
    undefined,
    [
      ['\0', '/k8ts.io/'],
      ['/k8ts.io0', '\0'],
    ],
  ],
  [
    '/',
    undefined,
    [
      ['/', '/k8ts.io/'],
      ['/k8ts.io0', '0'],
    ],
  ],
  ['/', '/k8ts.io/cause', [['/k8ts.io0', '0']]],
  ['/', '/registry', [['/registry', '0']]],
  ['\u00ff', undefined, [['\u00c3\u00bf', '\u00c3\u00c0']]],
])('reads below %j from %j', (prefix, from, expected) => {
  expect(ranges(whole, prefix, from)).toEqual(expected);
});

test('a store below a prefix knows its own keys alone', () => {
  const keyspace = new Keyspace('/x');
  expect(text(keyspace.wire('/a'))).toBe('/x/a');
  expect(keyspace.key(Buffer.from('/x/a'))).toBe('/a');
  expect(keyspace.key(Buffer.from('/y/a'))).toBeUndefined();
  expect(ranges(keyspace, '')).toEqual([
    ['/x', '/x/k8ts.io/'],
    ['/x/k8ts.io0', '/y'],
  ]);
});
