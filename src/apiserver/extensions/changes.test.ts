import { expect, test, vi } from 'vitest';
import type { CustomResourceDefinition } from '../../api/apiextensions/v1.ts';
import { customresourcedefinitions } from '../../api/generated/resources.ts';
import { createCustomCluster, widgets } from './testing.ts';

const open = { root: { 'x-kubernetes-preserve-unknown-fields': true } };
const mediaType = 'application/merge-patch+json';

/** Upstream's test of definitions that change: watches end, so that clients look anew, and nothing else is noticed. */
test('watches end when their definition changes, and no other request does', async () => {
  const { api, define, definition } = await createCustomCluster();
  const { v1 } = await define(widgets({ v1: open }));
  const watches = await Promise.all([1, 2, 3].map(() => api.watch(v1!)));
  await api.object('create', v1!, { body: { metadata: { name: 'a' } } });
  await vi.waitFor(() => expect(watches.map(({ said }) => said.length)).toEqual([1, 1, 1]));
  const [first] = widgets({ v1: open }).spec.versions;
  const change = async (served: number) => {
    const versions = [first, { ...first, name: 'v2', storage: false }].slice(0, served);
    const found = definition('widgets.example.com') as CustomResourceDefinition;
    const body = { ...found, spec: { ...found.spec, versions } };
    await api.object('update', customresourcedefinitions, { name: 'widgets.example.com', body });
  };
  expect(watches.map(({ ended }) => ended)).toEqual([undefined, undefined, undefined]);
  await change(2);
  const ends = { error: undefined };
  await vi.waitFor(() => expect(watches.map(({ ended }) => ended)).toEqual([ends, ends, ends]));
  for (let round = 0; round < 20; round++) {
    const changed = change(1 + (round % 2));
    const name = `b${round}`;
    await api.object('create', v1!, { body: { metadata: { name } } });
    await changed;
    expect(await api.object('get', v1!, { name })).toMatchObject({ metadata: { name } });
  }
});

test('an object is checked in the version of the request, whichever it is stored in', async () => {
  const { api, define, definition } = await createCustomCluster();
  const { v1, v2 } = await define(widgets({ v2: open, v1: open }));
  await api.object('create', v1!, { body: { metadata: { name: 'a' } } });
  const found = definition('widgets.example.com') as CustomResourceDefinition;
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      required: ['apiVersion'],
      properties: { apiVersion: { type: 'string', pattern: '^example.com/v1$' } },
    },
  };
  const versions = found.spec.versions.map((version) => ({ ...version, schema }));
  const body = { ...found, spec: { ...found.spec, versions } };
  await api.object('update', customresourcedefinitions, { name: 'widgets.example.com', body });
  const patch = { name: 'a', body: { i: 1 }, mediaType };
  await vi.waitFor(() => expect(api.object('patch', v2!, patch)).rejects.toThrow('apiVersion'));
  expect(await api.object('patch', v1!, patch)).toMatchObject({ apiVersion: 'example.com/v1', i: 1 });
});

test('a change of the version that is stored is noted at once', async () => {
  const { api, define, definition } = await createCustomCluster();
  await define(widgets({ v1: open, v2: open }));
  const found = definition('widgets.example.com') as CustomResourceDefinition;
  expect(found.status?.storedVersions).toEqual(['v1']);
  const versions = found.spec.versions.map((version) => ({ ...version, storage: version.name === 'v2' }));
  const body = { ...found, spec: { ...found.spec, versions } };
  const changed = await api.object('update', customresourcedefinitions, {
    name: 'widgets.example.com',
    body,
  });
  expect(changed.status?.storedVersions).toEqual(['v1', 'v2']);
});
