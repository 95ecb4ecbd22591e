import type { KubernetesObject, Resource } from '../../api/resource.ts';
import type { ObjectReader } from './object-reader.ts';

/** A reader of objects that a test puts in. */
export interface TestReader extends ObjectReader {
  put(resource: Resource, object: KubernetesObject): void;
  remove(resource: Resource, name: string): void;
}

export function testReader(): TestReader {
  const kept = new Map<string, KubernetesObject[]>();
  let revision = 1;
  const of = ({ plural }: Resource) => kept.get(plural) ?? [];
  const reader: TestReader = {
    put(resource, object) {
      revision++;
      const others = of(resource).filter(
        (o) => o.metadata.name !== object.metadata.name || o.metadata.namespace !== object.metadata.namespace,
      );
      kept.set(resource.plural, [...others, object]);
    },
    remove(resource, name) {
      revision++;
      kept.set(
        resource.plural,
        of(resource).filter((o) => o.metadata.name !== name),
      );
    },
    get: (resource, { namespace, name }) =>
      of(resource as Resource).find(
        (o) => o.metadata.name === name && o.metadata.namespace === namespace,
      ) as never,
    *list(resource, namespace) {
      for (const o of of(resource as Resource))
        if (!namespace || o.metadata.namespace === namespace) yield o as never;
    },
    listWhere: (resource, _, namespace) => reader.list(resource, namespace),
    changed: () => revision,
  };
  return reader;
}
