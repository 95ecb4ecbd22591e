import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { unknownFieldErrors } from '../../machinery/conform.ts';
import { cannotBeHandled, decodeObject, strictDecodingMessage } from '../../machinery/decode.ts';
import { formatApiVersion, type GroupVersionKind } from '../../machinery/schema.ts';
import { badRequest, unsupportedMediaType } from '../../machinery/status-error.ts';
import type { RequestBody } from '../request.ts';
import type { Call } from './registry.ts';
import type { FieldValidation } from './request-options.ts';

/** The request's object, fresh, with its defaults, in the form of the resource asked for. */
export function decodeBody(call: Call, fieldValidation: FieldValidation): KubernetesObject {
  const { view } = call.registry;
  const { body } = call.request;
  const object =
    body && 'value' in body ? ownValue(body.value, view.resource) : decoded(call, body, fieldValidation);
  view.defaults?.(object);
  return object;
}

function decoded(
  call: Call,
  body: RequestBody | undefined,
  fieldValidation: FieldValidation,
): KubernetesObject {
  const { resource } = call.registry.view;
  const text = body && 'bytes' in body ? Buffer.from(body.bytes).toString() : '';
  const options = { format: formatOf(body), expected: resource, fieldValidation };
  const { object, gvk, warnings } = decodeObject(text, options);
  checkVersion(gvk, resource);
  warnings.push(...pruned(call, object, fieldValidation));
  for (const warning of warnings) call.request.warn(warning);
  return object;
}

/** Drops what a custom kind's schema does not have. */
function pruned(call: Call, object: KubernetesObject, fieldValidation: FieldValidation): string[] {
  const { view } = call.registry;
  const errors = unknownFieldErrors(view.prune?.(object) ?? []);
  if (errors.length === 0 || fieldValidation === 'Ignore') return [];
  if (fieldValidation === 'Warn') return errors;
  throw cannotBeHandled(view.resource, view.resource, strictDecodingMessage(errors));
}

function formatOf(body: RequestBody | undefined): 'json' | 'yaml' {
  const mediaType = body?.mediaType.split(';')[0]?.trim() || 'application/json';
  if (mediaType === 'application/json') return 'json';
  if (mediaType === 'application/yaml') return 'yaml';
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

const accepted = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

/** An object of a caller in this process, whose types hold by construction. */
function ownValue(value: unknown, expected: GroupVersionKind): KubernetesObject {
  const object = clone(value) as KubernetesObject;
  object.apiVersion ??= formatApiVersion(expected);
  object.kind ??= expected.kind;
  object.metadata ??= {};
  if (object.kind !== expected.kind || object.apiVersion !== formatApiVersion(expected)) {
    throw badRequest(`${object.apiVersion} ${object.kind} cannot be handled as a ${expected.kind}`);
  }
  return object;
}

function checkVersion(gvk: GroupVersionKind, expected: GroupVersionKind): void {
  if (gvk.group === expected.group && gvk.version === expected.version) return;
  const [said, wanted] = [formatApiVersion(gvk), formatApiVersion(expected)];
  throw badRequest(
    `the API version in the data (${said}) does not match the expected API version (${wanted})`,
  );
}

/** The options in the body of a deletion, if there are any. */
export function decodeDeleteOptions(call: Call): DeleteOptions | undefined {
  const { body } = call.request;
  if (!body) return undefined;
  if ('value' in body) return body.value as DeleteOptions | undefined;
  if (body.bytes.length === 0) return undefined;
  const expected = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' };
  const text = Buffer.from(body.bytes).toString();
  const { object, gvk } = decodeObject(text, { format: formatOf(body), expected, fieldValidation: 'Ignore' });
  if (gvk.kind !== 'DeleteOptions') throw cannotBeHandled(gvk, expected, 'unknown conversion');
  return object as unknown as DeleteOptions;
}
