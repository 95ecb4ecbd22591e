import type { Resource } from '../../api/resource.ts';
import { matchesLabels, parseLabelSelector } from '../../machinery/label-selector.ts';
import type { Store } from '../../store/store.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import { encodeStored } from '../cache/encoding.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { objectKey, scopePrefix } from './keys.ts';
import type { Chosen, Kind, MeasuredUsage, TellingContext } from './kind.ts';
import { type Call, hookContext } from './registry.ts';

/** The objects of a kind that tells them, as its cache would have them now. */
export async function toldItems(call: Call, told: NonNullable<Kind['told']>): Promise<CachedItem[]> {
  const { registry, environment } = call;
  const { revision } = environment.feed;
  const cache = registry.cache as ResourceCache;
  const objects = await told(tellingContext(call));
  return objects.map((object) => {
    const key = objectKey(registry.kind.resource, object.metadata as { name: string });
    return cache.itemOf({ key, revision, createRevision: revision, value: encodeStored(object) });
  });
}

function tellingContext(call: Call): TellingContext {
  const { store, usage } = call.environment;
  return Object.assign(hookContext(call, call.request.info.name, false), {
    storeTrouble: async () => (await failureOf(store))?.message,
    chosen: (resource: Resource) => chosen(call, resource),
    usage: async () => (await usage?.()) ?? unmeasured,
  });
}

const unmeasured: MeasuredUsage = { node: () => undefined, pod: () => undefined };

function* chosen(call: Call, resource: Resource): Iterable<Chosen> {
  const { info, query } = call.request;
  const cache = call.environment.find(resource)?.cache;
  const ref = { namespace: resource.namespaced ? info.namespace : '', name: info.name };
  const labelText = query.get('labelSelector') ?? '';
  const selector = labelText === '' ? undefined : parseLabelSelector(labelText);
  for (const { key, labels } of cache ? itemsOf(cache, resource, ref) : []) {
    const [name = '', namespace = ''] = key.split('/').reverse();
    if (!selector || matchesLabels(selector, labels))
      yield { name, namespace: resource.namespaced ? namespace : '', labels };
  }
}

/** Those of a namespace, or all; a name that a list asks for by a field counts where it can mean one object only. */
function itemsOf(
  cache: ResourceCache,
  resource: Resource,
  ref: { namespace: string; name: string },
): Iterable<CachedItem> {
  const isOne = ref.name !== '' && (ref.namespace !== '' || !resource.namespaced);
  if (!isOne) return cache.range(scopePrefix(resource, ref.namespace));
  const one = cache.get(objectKey(resource, ref));
  return one ? [one] : [];
}

/** Why a store does not answer, or takes no writes; undefined where it does. */
export async function failureOf(store: Store): Promise<Error | undefined> {
  try {
    await store.check();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
