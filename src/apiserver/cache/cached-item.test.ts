import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import { encodeProtobuf } from '../../machinery/protobuf.ts';
import { CachedItem } from './cached-item.ts';
import { encodeStored } from './encoding.ts';

const object = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { labels: { ü: 'é' }, name: 'a', namespace: 'default' },
  data: { k: 'v' },
} as unknown as KubernetesObject;

const own = encodeStored(structuredClone(object));

test.each([
  ['by this process', own],
  ['by another of ours', Buffer.from(own)],
  ['by somebody else, as JSON', Buffer.from(JSON.stringify(object, undefined, 2))],
  ['by somebody else, as protobuf', encodeProtobuf(object)],
])('what was stored %s is served whole', (_, stored) => {
  const item = new CachedItem('/registry/configmaps/default/a', 12, stored, {
    encodeProtobuf: () => '',
    freeze: true,
  });
  const whole = { ...object, metadata: { ...object.metadata, resourceVersion: '12' } };
  expect(item.json()).toHaveLength(item.jsonBytes);
  expect(JSON.parse(Buffer.from(item.json()).toString())).toEqual(whole);
  expect(JSON.parse(item.leanJson)).toEqual(whole);
  expect(item.lean).toEqual(whole);
  expect(JSON.parse(item.leanJson)).toEqual(whole);
  expect(JSON.parse(Buffer.from(item.json()).toString())).toEqual(whole);
});
