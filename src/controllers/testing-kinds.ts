import type { CustomResourceDefinition } from '../api/apiextensions/v1.ts';
import { configmaps, customresourcedefinitions } from '../api/generated/resources.ts';
import type { ServedResource } from './discovery.ts';
import type { TestCluster } from './testing.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
/** Things as discovery says that they are served in a version. */
export const things = (version: string, namespaced = true): ServedResource => ({
  ...configmaps,
  group: 'example.com',
  version,
  plural: 'things',
  singular: 'thing',
  shortNames: [],
  kind: 'Thing',
  namespaced,
  verbs,
});

/** Defines things, or changes how they are defined: their versions, and which of them are served. */
export async function defineThings(
  cluster: TestCluster,
  served: Record<string, boolean>,
  scope = 'Namespaced',
): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object' } } as const;
  const versions = Object.entries(served).map(([name, is], i) => ({
    name,
    served: is,
    storage: i === 0,
    schema,
  }));
  const names = { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' };
  const spec = { group: 'example.com', scope, names, versions };
  const name = 'things.example.com';
  if (await cluster.find(customresourcedefinitions, name))
    await cluster.patch(customresourcedefinitions, name, { spec });
  else
    await cluster.create(customresourcedefinitions, { metadata: { name }, spec } as CustomResourceDefinition);
  await cluster.settle();
}
