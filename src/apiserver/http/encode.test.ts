import { describe, expect, test } from 'vitest';
import type { Pieces } from '../../platform/pieces.ts';
import { cachedObject } from '../corridor/testing-dispatcher.ts';
import { encodeList } from './encode.ts';
import { standardCodecs } from './standard-codecs.ts';
import { watchEncoder } from './watch-encoder.ts';

const configMap = (name: string) =>
  cachedObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion: '3' } });
const json = { encoding: 'json', pretty: false } as const;
const text = (pieces: Pieces) => {
  const bytes = Buffer.concat([...pieces.make()]);
  expect(pieces.length).toBe(bytes.length);
  return bytes.toString();
};

describe('lists', () => {
  const list = {
    type: 'list',
    apiVersion: 'v1',
    kind: 'ConfigMapList',
    metadata: { resourceVersion: '9' },
    items: [configMap('a'), configMap('b')],
  } as const;

  test('are put together from the bytes of their items', () => {
    const bytes = text(encodeList(list, json, { typed: true, codecs: standardCodecs }));
    const item = (name: string) => `{"metadata":{"name":"${name}","resourceVersion":"3"}}`;
    const head = '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[';
    expect(bytes).toBe(`${head}${item('a')},${item('b')}]}\n`);
  });

  test('of custom resources repeat the kind', () => {
    const bytes = text(encodeList(list, json, { typed: false, codecs: standardCodecs }));
    expect(JSON.parse(bytes).items[1]).toEqual(configMap('b').object);
  });

  test('are the same in every format', () => {
    const options = { typed: true, codecs: standardCodecs };
    const plain = JSON.parse(text(encodeList(list, json, options)));
    expect(JSON.parse(text(encodeList(list, { encoding: 'json', pretty: true }, options)))).toEqual(plain);
    const empty = { ...list, items: [] };
    expect(text(encodeList(empty, json, options))).toContain('"items":[]}');
    expect(text(encodeList(list, { encoding: 'yaml', pretty: false }, options))).toContain(
      'items:\n- metadata:\n    name: a',
    );
  });

  test('that are too large to be one text are in one line, whoever asks', () => {
    const large = { ...configMap('large'), jsonBytes: 60 << 20 };
    const huge = encodeList(
      { ...list, items: [large, large] },
      { encoding: 'json', pretty: true },
      { typed: true, codecs: standardCodecs },
    );
    expect(huge.length).toBeGreaterThan(100 << 20);
  });
});

describe('watches', () => {
  test('an event is encoded once for all who watch it', () => {
    const cached = configMap('a');
    const frame = { type: 'ADDED', cached } as const;
    const [one, two] = [watchEncoder(json, standardCodecs), watchEncoder(json, standardCodecs)];
    expect(one.frame(frame)).toBe(two.frame(frame));
    expect(one.frame(frame)).not.toBe(one.frame({ type: 'MODIFIED', cached }));
    expect(String(one.frame(frame))).toBe(`{"type":"ADDED","object":${cached.json()}}\n`);
  });

  test('as protobuf, an event has its length in front', () => {
    const encoder = watchEncoder({ encoding: 'protobuf', pretty: false }, standardCodecs);
    const bytes = Buffer.from(encoder.frame({ type: 'ADDED', cached: configMap('a') }));
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
    expect(bytes.subarray(4, 11).toString()).toBe('\n\x05ADDED');
    expect(bytes.includes('k8s\0')).toBe(true);
  });
});
