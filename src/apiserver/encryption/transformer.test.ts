import { describe, expect, test } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { TransformError } from './transform-error.ts';
import { TransformationCounts } from './transformation-counts.ts';
import { identity, type PrefixedTransformer, PrefixTransformers, type Transformer } from './transformer.ts';

const place = { key: '/registry/tests/a', resource: 'test' };
const bytes = (text: string) => Buffer.from(text);
const gives = (value: string, stale = false): Transformer => ({
  seal: () => bytes(value),
  open: () => ({ value: bytes(value), stale }),
});
const fails = (why: string): Transformer => ({
  seal: () => bytes(''),
  open() {
    throw new TransformError(why);
  },
});

function choice(...choices: PrefixedTransformer[]) {
  const counts = new TransformationCounts();
  const transformers = new PrefixTransformers(choices, 'no match', { clock: systemClock, counts });
  return {
    read(stored: string) {
      const { value, stale } = transformers.open(bytes(stored), place);
      return [Buffer.from(value).toString(), stale];
    },
    write: (value: string) => Buffer.from(transformers.seal(bytes(value), place)).toString(),
    counted: () => counts.metrics[0]?.values().map(({ labels, value }) => ({ ...labels, value })),
  };
}

test('a value is read by what its prefix names; what another than the first reads is stale', () => {
  const { read, write } = choice(
    { prefix: 'first:', transformer: gives('value1') },
    { prefix: 'second:', transformer: gives('value2') },
    { prefix: 'fails:', transformer: fails('broken') },
    { prefix: 'stale:', transformer: gives('value3', true) },
  );
  expect(read('first:value')).toEqual(['value1', false]);
  expect(read('second:value')).toEqual(['value2', true]);
  expect(read('stale:value')).toEqual(['value3', true]);
  expect(() => read('third:value')).toThrow('no match');
  expect(() => read('fails:value')).toThrow('broken');
  expect(write('value')).toBe('first:value1');
});

test('of two with one prefix each is tried', () => {
  const first = { prefix: 'p:', transformer: fails('wrong key') };
  const { read } = choice(first, { prefix: 'p:', transformer: gives('value') });
  expect(read('p:x')).toEqual(['value', true]);
  const none = choice(first, first, { prefix: 'p:', transformer: fails('another') });
  expect(() => none.read('p:x')).toThrow('[wrong key, another]');
  expect(() => choice(first, first).read('p:x')).toThrow(/^wrong key$/);
});

test('what is encrypted is none of the identity, which leaves it to others', () => {
  const { read, write } = choice(
    { prefix: '', transformer: identity },
    { prefix: 'k8s:enc:x:', transformer: gives('value') },
  );
  expect(read('{"kind":"Secret"}')).toEqual(['{"kind":"Secret"}', false]);
  expect(read('k8s\0\n')).toEqual(['k8s\0\n', false]);
  expect(read('k8s:enc:x:1')).toEqual(['value', true]);
  expect(() => read('k8s:enc:y:1')).toThrow('no match');
  expect(write('value')).toBe('value');
});

describe('what is counted', () => {
  const plain = { prefix: '', transformer: identity };
  const other = { prefix: 'other:', transformer: gives('value1') };
  const broken = { prefix: 'other:', transformer: fails('broken') };
  const cases: [string, PrefixedTransformer[], string, string, string][] = [
    ['identity prefix', [plain, other], 'value', 'identity', 'OK'],
    [
      'other prefix (ok)',
      [{ prefix: '', transformer: fails('identity') }, other],
      'other:value',
      'other:',
      'OK',
    ],
    ['other prefix (error)', [broken], 'other:value', 'other:', 'unknown-non-grpc'],
    ['unknown prefix', [other], 'foo:value', 'unknown', 'unknown-non-grpc'],
  ];
  test.each(cases)('of a read: %s', (_, choices, stored, prefix, status) => {
    const { read, counted } = choice(...choices);
    try {
      read(stored);
    } catch {}
    expect(counted()).toEqual([
      { resource: 'test', transformation_type: 'from_storage', transformer_prefix: prefix, status, value: 1 },
    ]);
  });

  test('of a write', () => {
    const { write, counted } = choice(other);
    write('value');
    write('value');
    const labels = { resource: 'test', transformation_type: 'to_storage', transformer_prefix: 'other:' };
    expect(counted()).toEqual([{ ...labels, status: 'OK', value: 2 }]);
  });
});
