import { formatApiVersion } from '../../machinery/schema.ts';
import { expired, type StatusError } from '../../machinery/status-error.ts';
import { type Entry, StoreError } from '../../store/store.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { TransformError } from '../encryption/transform-error.ts';
import type { ListAnswer } from '../request.ts';
import { type ContinueToken, encodeContinue } from './continue-token.ts';
import { freshEnough, tooLarge } from './freshness.ts';
import { type ListRequest, listRequest } from './list-options.ts';
import type { Call } from './registry.ts';
import { type Selection, selection } from './selection.ts';
import { checkDecrypted, translate, untransformable } from './storage.ts';
import { toldItems } from './told.ts';

/** Entries read at once from the store's past. */
const storePage = 500;

/** What one page holds and whether there are more. */
interface Page {
  items: CachedItem[];
  /** The key after the last item, where the list goes on. */
  next?: string;
  /** How many objects follow; unknown where selectors are used. */
  left?: number;
}

/** GET of a collection. */
export async function list(call: Call): Promise<ListAnswer> {
  return listSelected(call, selection(call), listRequest(call.request.query));
}

async function listSelected(call: Call, scope: Selection, options: ListRequest): Promise<ListAnswer> {
  const { told } = call.registry.kind;
  if (told) {
    const place = { scope, revision: call.environment.feed.revision, from: scope.prefix, limit: 0 };
    const items = await toldItems(call, told);
    return answer(call, place, { items: items.filter((item) => scope.matches?.(item) ?? true) });
  }
  if (options.continued) return continued(call, scope, options.continued, options.limit);
  await readAhead(call, scope);
  const { resourceVersion = 0, match, limit } = options;
  const exact = match === 'Exact' || (match === '' && limit > 0 && resourceVersion > 0);
  await freshEnough(call, options.resourceVersion);
  const revision = exact ? resourceVersion : call.environment.feed.revision;
  const place = { scope, revision, from: scope.prefix, limit };
  return readAnswer(call, place, () => expired('The resourceVersion for the provided list is too old.'));
}

async function readAhead({ registry }: Call, scope: Selection, from?: string): Promise<void> {
  if (scope.asked) await (registry.cache as ResourceCache).readAhead(scope, from);
}

/** Where and how much is read. */
interface Place {
  scope: Selection;
  revision: number;
  from: string;
  limit: number;
  left?: number;
}

async function continued(
  call: Call,
  scope: Selection,
  token: ContinueToken,
  limit: number,
): Promise<ListAnswer> {
  await readAhead(call, scope, scope.prefix + token.start);
  const revision = token.revision < 0 ? call.environment.feed.revision : token.revision;
  const place = { scope, revision, from: scope.prefix + token.start, limit, left: token.left };
  return readAnswer(call, place, () => inconsistent(token));
}

/** The list's revision is gone: the rest can be had, but not as it was. */
function inconsistent({ start }: ContinueToken): StatusError {
  const error = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  error.status.metadata = { continue: encodeContinue({ revision: -1, start }) };
  return error;
}

async function readAnswer(call: Call, place: Place, gone: () => StatusError): Promise<ListAnswer> {
  const { registry } = call;
  if (place.scope.ownFields)
    await registry.prepare([...(registry.cache as ResourceCache).range(place.scope.prefix)]);
  const page = await readPage(call, place, gone);
  await registry.prepare(page.items);
  return answer(call, place, page);
}

async function readPage(call: Call, place: Place, gone: () => StatusError): Promise<Page> {
  const cache = call.registry.cache as ResourceCache;
  const { feed } = call.environment;
  if (place.revision >= cache.changedRevision && place.revision <= feed.revision)
    return cachePage(cache, place);
  try {
    return await storedPage(call, place);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'Compacted') throw gone();
    if (error instanceof StoreError && error.code === 'FutureRevision')
      throw tooLarge(place.revision, feed.revision);
    throw translate(error);
  }
}

function cachePage(cache: ResourceCache, { scope, from, limit }: Place): Page {
  checkDecrypted(cache, scope.prefix);
  const items: CachedItem[] = [];
  for (const item of cache.within(scope, from)) {
    if (scope.matches && !scope.matches(item)) continue;
    if (limit > 0 && items.length === limit) {
      const next = `${(items.at(-1) as CachedItem).key}\0`;
      return scope.selective ? { items, next } : { items, next, left: cache.count(scope.prefix, next) };
    }
    items.push(item);
  }
  return { items };
}

/** A page of the store's past. */
async function storedPage(call: Call, place: Place): Promise<Page> {
  const { scope, revision, from, limit } = place;
  const items: CachedItem[] = [];
  const cache = call.registry.cache as ResourceCache;
  for (let at = from; ; ) {
    const page = await call.environment.store.list(scope.prefix, {
      atRevision: revision,
      from: at,
      limit: storePage,
    });
    for (const entry of page.entries) {
      const item = itemOf(cache, entry);
      if (scope.ownFields) await call.registry.prepare([item]);
      if (scope.matches && !scope.matches(item)) continue;
      if (limit > 0 && items.length === limit) {
        const next = `${(items.at(-1) as CachedItem).key}\0`;
        return { items, next, left: await leftAfter(call, place, next) };
      }
      items.push(item);
    }
    const last = page.entries.at(-1);
    if (!page.more || !last) return { items };
    at = `${last.key}\0`;
  }
}

function itemOf(cache: ResourceCache, entry: Entry): CachedItem {
  try {
    return cache.itemOf(entry);
  } catch (error) {
    throw error instanceof TransformError ? untransformable(entry.key, error) : error;
  }
}

/** How many objects of the store's past follow a page; a token of an earlier page may know. */
async function leftAfter(
  call: Call,
  { scope, revision, limit, left }: Place,
  next: string,
): Promise<number | undefined> {
  if (scope.selective) return undefined;
  if (left !== undefined) return left - limit;
  let count = 0;
  for (let from = next; ; ) {
    const options = { atRevision: revision, from, limit: storePage };
    const { entries, more } = await call.environment.store.list(scope.prefix, options);
    count += entries.length;
    const last = entries.at(-1);
    if (!more || !last) return count;
    from = `${last.key}\0`;
  }
}

function answer(call: Call, place: Place, page: Page): ListAnswer {
  const { view } = call.registry;
  const { scope, revision } = place;
  const metadata: ListAnswer['metadata'] = { resourceVersion: String(revision) };
  if (page.next !== undefined) {
    const left = scope.selective ? undefined : page.left;
    metadata.continue = encodeContinue({ revision, start: page.next.slice(scope.prefix.length), left });
    if (left !== undefined) metadata.remainingItemCount = left;
  }
  const isAsStored = !view.storedAs && !view.codec;
  const items = isAsStored ? page.items : page.items.map((item) => call.registry.present(item));
  return {
    type: 'list',
    apiVersion: formatApiVersion(view.resource),
    kind: view.listKind ?? `${view.resource.kind}List`,
    metadata,
    items,
  };
}
