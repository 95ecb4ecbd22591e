import type { Store } from '../../store/store.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import { encodeStored } from '../cache/encoding.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { objectKey } from './keys.ts';
import type { Kind, TellingContext } from './kind.ts';
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
  const { store } = call.environment;
  const storeTrouble = async () => (await failureOf(store))?.message;
  return Object.assign(hookContext(call, call.request.info.name, false), { storeTrouble });
}

/** Why a store does not answer; undefined where it does. */
export async function failureOf(store: Store): Promise<Error | undefined> {
  try {
    // Any read does; the status of a large store takes longer.
    await store.get('/registry/health');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
