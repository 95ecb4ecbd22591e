import { describe, expect, test } from 'vitest';
import {
  decodeEnvelope,
  encodeEnvelope,
  keyIdError,
  type SealedSource,
  sourceError,
  sourceId,
} from './envelope.ts';

const source: SealedSource = {
  keyID: '1',
  encryptedDEKSource: Uint8Array.of(4, 5, 6),
  encryptedDEKSourceType: 1,
  annotations: {},
};
const withAnnotations = (annotations: SealedSource['annotations']) => ({ ...source, annotations });
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const bytes = (length: number) => Buffer.alloc(length, 'a');

describe('an envelope', () => {
  test('is upstream’s message to the byte', () => {
    const encode = (more: Partial<SealedSource>) =>
      Buffer.from(encodeEnvelope({ ...source, ...more }, Uint8Array.of(1, 2, 3)));
    expect(encode({})).toEqual(hex('0a03010203 120131 1a03040506 2801'));
    expect(encode({ encryptedDEKSourceType: 0 })).toEqual(hex('0a03010203 120131 1a03040506'));
    expect(encode({ annotations: { 'a.b': Uint8Array.of(7) } })).toEqual(
      hex('0a03010203 120131 1a03040506 2208 0a03612e62 120107 2801'),
    );
  });

  test('is read whatever the order of its fields, and with ones that are not known', () => {
    const stored = hex('2801 1a03040506 3a0178 120131 0a03010203');
    const { encryptedData, ...read } = decodeEnvelope(stored);
    expect(sourceId(read)).toBe(sourceId(source));
    expect([...encryptedData]).toEqual([1, 2, 3]);
  });

  test.each([
    ['is cut off', '0a0301', 'proto: cannot parse invalid wire-format data'],
    ['is of an unknown type', '0a0101 1a0101 2837', 'unknown encryptedDEKSourceType: 55'],
    ['has no data', '120131 1a0101 2801', 'encrypted data is empty'],
    [
      'has no source',
      '0a0101 120131',
      'failed to validate encrypted DEK source: encrypted DEK source is empty',
    ],
    ['has no key', '0a0101 1a0101', 'failed to validate key id: keyID is empty'],
  ])('that %s is none', (_, stored, message) => {
    expect(() => decodeEnvelope(hex(stored))).toThrow(message);
  });
});

describe('what a plugin has encrypted', () => {
  test('has bounds', () => {
    const atMost = { ...source, encryptedDEKSource: bytes(1024), keyID: 'é'.repeat(512) };
    expect(sourceError(atMost)).toBeUndefined();
    expect(sourceError({ ...atMost, encryptedDEKSource: bytes(1025) })).toBe(
      'failed to validate encrypted DEK source: encrypted DEK source is 1025 bytes, which exceeds the max size of 1024',
    );
    expect(sourceError({ ...atMost, keyID: 'é'.repeat(513) })).toBe(
      'failed to validate key id: keyID is 1026 bytes, which exceeds the max size of 1024',
    );
    expect(keyIdError('')?.code).toBe('empty');
    expect(keyIdError('a'.repeat(1025))?.code).toBe('too_long');
    const large = (length: number) => sourceError(withAnnotations({ 'a.bc': bytes(length) }));
    expect(large(32 * 1024 - 4)).toBeUndefined();
    expect(large(32 * 1024 - 3)).toBe(
      'failed to validate annotations: total size of annotations is 32769, which exceeds the max size of 32768',
    );
  });

  const subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  test.each([
    ['k8s.io', undefined],
    ['dev.k8s.io.', undefined],
    ['10.0.0.1', undefined],
    [`${'a'.repeat(63)}.k8s.io`, undefined],
    ['', 'annotations: Required value'],
    ['@', `annotations: Invalid value: "@": ${subdomain}`],
    ['Dev.k8s.io', `annotations: Invalid value: "Dev.k8s.io": ${subdomain}`],
    [
      'com',
      'annotations: Invalid value: "com": should be a domain with at least two segments separated by dots',
    ],
    [
      `${'a'.repeat(64)}.k8s.io`,
      `annotations: Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`,
    ],
  ])('has annotations whose names are domains: %j', (name, error) => {
    expect(sourceError(withAnnotations({ [name]: bytes(1) }))).toBe(
      error && `failed to validate annotations: ${error}`,
    );
  });

  test('is known by all that it is, whatever the order of annotations', () => {
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
    const one = withAnnotations({ 'a.x': a, 'b.x': b });
    expect(sourceId(one)).toBe(sourceId(withAnnotations({ 'b.x': b, 'a.x': a })));
    const others: SealedSource[] = [
      source,
      { ...one, encryptedDEKSourceType: 0 },
      { ...one, keyID: '2' },
      { ...one, encryptedDEKSource: Uint8Array.of(4, 5) },
      withAnnotations({ 'a.x': b, 'b.x': a }),
      { ...source, keyID: '', encryptedDEKSource: Uint8Array.of(4, 5, 6, 49) },
    ];
    expect(new Set([one, ...others].map(sourceId)).size).toBe(7);
  });
});
