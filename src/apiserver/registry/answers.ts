import type { KubernetesObject } from '../../api/resource.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import { ordered } from '../cache/encoding.ts';
import type { ObjectAnswer } from '../request.ts';
import type { Call } from './registry.ts';
import { presentObject } from './view.ts';

/** An object that stands in the cache; it is only decoded if somebody looks at it. */
export function cachedAnswer(code: number, call: Call, item: CachedItem): ObjectAnswer {
  const cached = call.registry.present(item);
  return {
    type: 'object',
    code,
    cached,
    get object() {
      return cached.object;
    },
  };
}

/** An object that is not in the cache; with `call`, one in the form of the stored kind. */
export function objectAnswer(code: number, object: KubernetesObject, call?: Call): ObjectAnswer {
  const shown = call ? presentObject(call, object) : object;
  return {
    type: 'object',
    code,
    object: shown.metadata ? ordered(shown, shown.metadata.resourceVersion) : shown,
  };
}
