import type { DeleteOptions } from '../../api/meta/v1.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { turnTogether } from '../../platform/turn.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import { type ListAnswer, requestFor } from '../request.ts';
import { decodeDeleteOptions } from './decode-body.ts';
import { deleteOne } from './delete.ts';
import { list } from './list.ts';
import type { Call } from './registry.ts';
import { deleteOptions } from './request-options.ts';

/** How many objects are deleted at the same time; others get their turn of the event loop before the next ones. */
const parallel = 16;

/** DELETE of a collection: each object by itself, not all or none. The answer has the objects as they were. */
export async function deleteCollection(call: Call): Promise<ListAnswer> {
  const options = deleteOptions(decodeDeleteOptions(call), call.request.query);
  const found = await list(call);
  const items = found.items as readonly CachedItem[];
  let next = 0;
  const worker = async () => {
    for (let item = items[next++]; item; item = items[next++]) {
      await deleteItem(call, item, options);
      await turnTogether();
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
  return found;
}

async function deleteItem(call: Call, item: CachedItem, options: DeleteOptions): Promise<void> {
  const { name = '', namespace = '' } = item.object.metadata;
  const info = { ...call.request.info, name, namespace };
  await deleteOne({ ...call, request: requestFor(call.request, info) }, options).catch(ignoring('NotFound'));
}
