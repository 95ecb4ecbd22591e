import { notFound } from '../../machinery/status-error.ts';
import type { ObjectAnswer } from '../request.ts';
import { cachedAnswer } from './answers.ts';
import { type Call, keyOf, subjectOf } from './registry.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';

/** GET of one object: what the cache has, which no acknowledged write is missing from. */
export function get(call: Call): ObjectAnswer {
  const item = (call.registry.cache as ResourceCache).get(keyOf(call));
  if (!item) throw notFound(subjectOf(call));
  return cachedAnswer(200, call, item);
}
