import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { objectKey, scopePrefix } from '../registry/keys.ts';
import type { ObjectReader, ObjectVersion } from './object-reader.ts';

/** Reads from the watch caches. What is not served reads as empty. */
export function cacheReader(cacheOf: (resource: Resource) => ResourceCache | undefined): ObjectReader {
  return {
    get: <T extends KubernetesObject>(resource: Resource<T>, ref: { namespace?: string; name: string }) =>
      cacheOf(resource)?.get(objectKey(resource, ref))?.object as Stored<T> | undefined,
    version: <T extends KubernetesObject>(resource: Resource<T>, ref: { namespace?: string; name: string }) =>
      cacheOf(resource)?.get(objectKey(resource, ref)) as ObjectVersion<T> | undefined,
    versions: <T extends KubernetesObject>(resource: Resource<T>) =>
      (cacheOf(resource)?.range(scopePrefix(resource, undefined)) ?? []) as Iterable<ObjectVersion<T>>,
    *list<T extends KubernetesObject>(resource: Resource<T>, namespace?: string) {
      for (const item of cacheOf(resource)?.range(scopePrefix(resource, namespace)) ?? []) {
        yield item.object as Stored<T>;
      }
    },
    *listWhere<T extends KubernetesObject>(
      resource: Resource<T>,
      required: { field: string; value: string },
      namespace?: string,
    ) {
      const prefix = scopePrefix(resource, namespace);
      for (const item of cacheOf(resource)?.within({ prefix, required }) ?? []) yield item.lean as Stored<T>;
    },
    changed: (resource) => cacheOf(resource)?.changedRevision ?? 0,
  };
}
