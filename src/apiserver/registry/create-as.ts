import { type ObjectAnswer, requestFor } from '../request.ts';
import { decodeBody } from './decode-body.ts';
import type { Kind } from './kind.ts';
import { matchNamespace } from './metadata.ts';
import { type Call, namespaceOf } from './registry.ts';
import { writeOptions } from './request-options.ts';
import { handleSubresource } from './subresource.ts';

/** POST of an object that stands for a subresource of another one. */
export async function createAs(
  call: Call,
  { resource, subresource }: NonNullable<Kind['createdAs']>,
): Promise<ObjectAnswer> {
  const { request, environment } = call;
  const gvk = call.registry.view.resource;
  const { fieldValidation } = writeOptions(request, 'CreateOptions');
  const object = decodeBody(call, { gvk, defaults: () => {}, prune: () => [] }, fieldValidation);
  matchNamespace(object.metadata, namespaceOf(call));
  const registry = environment.find(resource);
  const target = registry?.kind.subresources?.[subresource];
  if (!registry || !target) throw new Error(`${resource.plural}/${subresource} is not served`);
  const { group, version, plural } = resource;
  const name = object.metadata.name ?? '';
  const info = { ...request.info, group, version, resource: plural, subresource, name };
  const body = { mediaType: 'application/json', value: object };
  return handleSubresource({ environment, registry, request: requestFor(request, info, body) }, target);
}
