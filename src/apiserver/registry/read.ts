import { badRequest, notFound } from '../../machinery/status-error.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { ObjectAnswer } from '../request.ts';
import { cachedAnswer, objectAnswer } from './answers.ts';
import type { Facet } from './facet.ts';
import { freshEnough } from './freshness.ts';
import { parseRevision } from './list-options.ts';
import { type Call, keyOf, subjectOf } from './registry.ts';
import { boolean } from './request-options.ts';
import { translate } from './storage.ts';
import { toldItems } from './told.ts';

const noExport = 'the export parameter, deprecated since v1.14, is no longer supported';

/** GET of one object, or of a facet of it: what the cache has, which no acknowledged write is missing from. */
export async function get(call: Call, facet: Facet): Promise<ObjectAnswer> {
  if (boolean(call.request.query.get('export')) === true) throw badRequest(noExport);
  await freshEnough(call, parseRevision(call.request.query.get('resourceVersion') ?? ''));
  const key = keyOf(call);
  const { told } = call.registry.kind;
  const cache = call.registry.cache as ResourceCache;
  const item = told ? (await toldItems(call, told)).find((one) => one.key === key) : cache.get(key);
  if (!item) throw (!told && translate(cache.sealedAt(key))) || notFound(subjectOf(call));
  await call.registry.prepare([item]);
  const answer = cachedAnswer(200, call, item);
  return facet.type === call.registry.view.resource.type
    ? answer
    : objectAnswer(200, (facet.read ?? facet.show)(answer.object));
}
