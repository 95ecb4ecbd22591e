import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoreEvent } from '../../store/store.ts';
import { encodeStored } from './encoding.ts';
import { ResourceCache } from './resource-cache.ts';

const prefix = '/registry/pods/';

/** A cache of objects with a field `node`, which counts how often it is read. */
function cacheOfNodes() {
  const reads = { count: 0 };
  const cache = new ResourceCache({
    prefix,
    indexed: ['node'],
    limits: { events: 10, ageMs: 1000 } as never,
    codec: {
      selectableFields(object: object) {
        reads.count++;
        return { node: (object as { spec: { node: string } }).spec.node };
      },
      encodeProtobuf: () => '',
      freeze: true,
    },
  });
  return { cache, reads };
}

let revision = 1;

function put(key: string, node: string): StoreEvent {
  const [name = '', namespace = ''] = key.split('/').reverse();
  const value = encodeStored({ metadata: { name, namespace }, spec: { node } } as never);
  return { type: 'put', entry: { key, value, revision: ++revision } } as StoreEvent;
}

const remove = (key: string): StoreEvent => ({ type: 'delete', key, revision: ++revision }) as StoreEvent;

const keys = (cache: ResourceCache, scope: Parameters<ResourceCache['within']>[0], from?: string) =>
  [...cache.within(scope, from)].map(({ key }) => key);

test('what has a value in an indexed field is what a walk past everything finds, in the same order', () => {
  const name = fc.constantFrom('a/p', 'a/q', 'b/p', 'b/q', 'b/r');
  const node = fc.constantFrom('', 'n1', 'n2');
  const step = fc.record({ name, node, isGone: fc.boolean() });
  const question = fc.record({ scope: fc.constantFrom('', 'a/', 'b/'), from: name, node });
  fc.assert(
    fc.property(fc.array(step), question, fc.nat(20), (steps, { scope, from, node: value }, askedAt) => {
      const { cache } = cacheOfNodes();
      const asked = { prefix: prefix + scope, required: { field: 'node', value } };
      steps.forEach(({ name, node, isGone }, i) => {
        if (i === askedAt) keys(cache, asked);
        cache.apply([isGone ? remove(prefix + name) : put(prefix + name, node)]);
      });
      const walked = [...cache.range(asked.prefix, prefix + from)];
      const expected = walked.filter((item) => value === '' || item.field('node') === value);
      expect(keys(cache, asked, prefix + from)).toEqual(expected.map(({ key }) => key));
    }),
  );
});

test('a field that has no index is for the asker to look at', () => {
  const { cache } = cacheOfNodes();
  cache.apply([put(`${prefix}a/p`, 'n1')]);
  expect(keys(cache, { prefix, required: { field: 'zone', value: 'z' } })).toEqual([`${prefix}a/p`]);
});

test('each object is read once, however often somebody asks', () => {
  const { cache, reads } = cacheOfNodes();
  for (let i = 0; i < 500; i++) cache.apply([put(`${prefix}a/p-${i}`, `n-${i}`)]);
  for (let i = 0; i < 500; i++) {
    const required = { field: 'node', value: `n-${i}` };
    expect(keys(cache, { prefix, required })).toEqual([`${prefix}a/p-${i}`]);
  }
  expect(reads.count).toBe(500);
});
