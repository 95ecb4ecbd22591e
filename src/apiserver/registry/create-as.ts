import { type ObjectAnswer, requestFor } from '../request.ts';
import { decodeBody } from './decode-body.ts';
import type { Kind } from './kind.ts';
import { matchNamespace } from './metadata.ts';
import { type Call, namespaceOf } from './registry.ts';
import { writeOptions } from './request-options.ts';
import { admitted, handleSubresource, unadmitted } from './subresource.ts';

/** POST of an object that stands for a subresource of another one. As upstream, admission is asked about the object itself. */
export async function createAs(
  call: Call,
  { resource, subresource }: NonNullable<Kind['createdAs']>,
): Promise<ObjectAnswer> {
  const { request, environment } = call;
  const gvk = call.registry.view.resource;
  const options = writeOptions(request, 'CreateOptions');
  const object = decodeBody(call, { gvk, defaults: () => {}, prune: () => [] }, options.fieldValidation);
  matchNamespace(object.metadata, namespaceOf(call));
  await admitted(call, { body: object, options });
  const registry = environment.find(resource);
  const target = registry?.kind.subresources?.[subresource];
  if (!registry || !target) throw new Error(`${resource.plural}/${subresource} is not served`);
  const { group, version, plural } = resource;
  const name = object.metadata.name ?? '';
  const info = { ...request.info, group, version, resource: plural, subresource, name };
  const body = { mediaType: 'application/json', value: object };
  const bound = { environment, registry, request: requestFor(request, info, body) };
  return handleSubresource(unadmitted(bound), target);
}
