import type { KubernetesObject } from '../../api/resource.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { Facet } from './facet.ts';
import type { Call } from './registry.ts';
import type { WriteOptions } from './request-options.ts';

/** How a server-side apply makes the new object of the one that stands there. */
export function applyPatch(
  _call: Call,
  _facet: Facet,
  _options: WriteOptions,
): (old: KubernetesObject | undefined) => KubernetesObject {
  throw badRequest('apply is not served yet');
}
