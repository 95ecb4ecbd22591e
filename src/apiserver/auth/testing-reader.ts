import type { KubernetesObject, Resource } from '../../api/resource.ts';
import type { ObjectReader } from './object-reader.ts';

/** A reader of objects that a test puts in. */
export interface TestReader extends ObjectReader {
  put(resource: Resource, object: KubernetesObject): void;
  /** How many objects have been read of what `version` and `versions` gave. */
  readonly reads: number;
  remove(resource: Resource, name: string): void;
}

export function testReader(): TestReader {
  const kept = new Map<string, KubernetesObject[]>();
  let revision = 1;
  const of = ({ plural }: Resource) => kept.get(plural) ?? [];
  const revisions = new WeakMap<KubernetesObject, number>();
  let reads = 0;
  const versionOf = (object: KubernetesObject) => ({
    key: `${object.metadata.namespace ?? ''}/${object.metadata.name}`,
    revision: revisions.get(object) ?? 0,
    get object() {
      reads++;
      return object as never;
    },
  });
  const reader: TestReader = {
    get reads() {
      return reads;
    },
    put(resource, object) {
      revisions.set(object, ++revision);
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
    version(resource, ref) {
      const found = reader.get(resource, ref);
      return found && versionOf(found);
    },
    versions: (resource) => of(resource as Resource).map(versionOf),
    *list(resource, namespace) {
      for (const o of of(resource as Resource))
        if (!namespace || o.metadata.namespace === namespace) yield o as never;
    },
    listWhere: (resource, _, namespace) => reader.list(resource, namespace),
    changed: () => revision,
  };
  return reader;
}
