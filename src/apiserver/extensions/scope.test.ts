import { describe, expect, test } from 'vitest';
import { createCustomCluster, widgets } from './testing.ts';

const nowhere = { code: 404, message: 'the server could not find the requested resource' };
const requests = [
  { verb: 'create' },
  { verb: 'deletecollection' },
  ...['', 'status', 'scale'].flatMap((subresource) =>
    ['get', 'update', 'patch', 'delete'].map((verb) => ({ verb, subresource, name: 'bar' })),
  ),
  ...['status', 'scale'].map((subresource) => ({ verb: 'create', subresource, name: 'bar' })),
];

async function scoped(scope: 'Cluster' | 'Namespaced') {
  const { api, define } = await createCustomCluster();
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const definition = widgets({
    v1: {
      root: { 'x-kubernetes-preserve-unknown-fields': true },
      subresources: { status: {}, scale },
    },
  });
  definition.spec.scope = scope;
  const { v1 } = await define(definition);
  const body = { metadata: { name: 'bar' } };
  await api.object('create', v1!, { body });
  return { api, v1: v1!, other: { ...v1!, namespaced: scope === 'Cluster' } };
}

describe.each(['Cluster', 'Namespaced'] as const)('objects of scope %s', (scope) => {
  test('are nowhere in the other', async () => {
    const { api, v1, other } = await scoped(scope);
    for (const { verb, ...rest } of requests) {
      const body = verb === 'create' || verb === 'update' ? { metadata: { name: 'bar' } } : {};
      const mediaType = verb === 'patch' ? 'application/merge-patch+json' : undefined;
      const asked = api.send(verb, other, { ...rest, body, ...(mediaType && { mediaType }) });
      await expect(asked, `${verb} ${JSON.stringify(rest)}`).rejects.toMatchObject(nowhere);
    }
    expect(await api.object('get', v1, { name: 'bar' })).toMatchObject({ metadata: { name: 'bar' } });
  });

  test('are listed and watched over all namespaces, if they have any', async () => {
    const { api, other } = await scoped(scope);
    for (const verb of ['list', 'watch']) {
      const asked = api.send(verb, other);
      if (scope === 'Cluster') await expect(asked).rejects.toMatchObject(nowhere);
      else await expect(asked).resolves.toBeDefined();
    }
  });
});
