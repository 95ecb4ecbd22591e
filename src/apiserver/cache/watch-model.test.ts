import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { configmaps } from '../../api/generated/resources.ts';
import { configMapKind } from '../kinds/core/config-map.ts';
import { createTestApi, type TestApi, type TestWatch } from '../registry/testing.ts';

const step = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  namespace: fc.constantFrom('x', 'y'),
  app: fc.constantFrom('web', 'db'),
  remove: fc.boolean(),
  /** Whether a further watch is opened before this step. */
  watch: fc.boolean(),
});

const selections: { namespace: string; query: Record<string, string> }[] = [
  { namespace: '', query: {} },
  { namespace: 'x', query: {} },
  { namespace: '', query: { labelSelector: 'app=web' } },
  { namespace: 'y', query: { labelSelector: 'app!=web', fieldSelector: 'metadata.name!=c' } },
];

async function write(
  api: TestApi,
  { name, namespace, app, remove }: { name: string; namespace: string; app: string; remove: boolean },
) {
  const body = { metadata: { name, namespace, labels: { app } } };
  const at = { name, namespace };
  if (remove) return api.send('delete', configmaps, at).catch(() => undefined);
  return api
    .send('update', configmaps, { ...at, body })
    .catch(() => api.send('create', configmaps, { namespace, body }));
}

/** What a client that follows a watch believes there is. */
function follow(watch: TestWatch): string[] {
  const known = new Map<string, string>();
  let last = 0;
  for (const frame of watch.frames) {
    if (frame.type === 'BOOKMARK') continue;
    const { namespace, name, resourceVersion } = frame.cached.object.metadata;
    const key = `${namespace}/${name}`;
    if (frame.type === 'ADDED') expect(known.has(key)).toBe(false);
    else expect(known.has(key)).toBe(true);
    if (frame.type === 'DELETED') known.delete(key);
    else known.set(key, resourceVersion as string);
    if (last !== 0 && frame.type !== 'ADDED') expect(Number(resourceVersion)).toBeGreaterThan(last);
    last = Math.max(last, Number(resourceVersion));
  }
  return [...known].map(([key, version]) => `${key}@${version}`).sort();
}

test('who follows a watch knows what a list would say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const api = await createTestApi([configMapKind]);
      const watches: { watch: TestWatch; selection: (typeof selections)[number] }[] = [];
      for (const [i, one] of steps.entries()) {
        const selection = selections[i % selections.length] as (typeof selections)[number];
        if (one.watch) watches.push({ selection, watch: await api.watch(configmaps, selection) });
        await write(api, one);
      }
      for (const { selection, watch } of watches) {
        const { items } = await api.list(configmaps, selection);
        const listed = items.map(
          ({ object: { metadata: m } }) => `${m.namespace}/${m.name}@${m.resourceVersion}`,
        );
        expect(follow(watch)).toEqual(listed.sort());
      }
    }),
    { numRuns: 60 },
  );
});
