import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { unknownFieldErrors } from '../../machinery/conform.ts';
import { cannotBeHandled, decodeObject, strictDecodingMessage } from '../../machinery/decode.ts';
import { formatApiVersion, type GroupVersionKind } from '../../machinery/schema.ts';
import { badRequest, unsupportedMediaType } from '../../machinery/status-error.ts';
import type { RequestBody } from '../request.ts';
import type { Facet } from './facet.ts';
import type { Call } from './registry.ts';
import type { FieldValidation } from './request-options.ts';

/** What a body is read as. */
export type Expected = Pick<Facet, 'gvk' | 'defaults' | 'prune'>;

/** The request's object, fresh, with its defaults. */
export function decodeBody(
  call: Call,
  expected: Expected,
  fieldValidation: FieldValidation,
): KubernetesObject {
  const { body } = call.request;
  const object =
    body && 'value' in body ? ownValue(body.value, expected.gvk) : decoded(call, expected, fieldValidation);
  expected.defaults(object);
  return object;
}

function decoded(
  call: Call,
  { gvk: expected, prune }: Expected,
  fieldValidation: FieldValidation,
): KubernetesObject {
  const { body } = call.request;
  const text = body && 'bytes' in body ? Buffer.from(body.bytes).toString() : '';
  const { object, gvk, warnings } = decodeObject(text, { format: formatOf(body), expected, fieldValidation });
  checkVersion(gvk, expected);
  const unknown = unknownFieldErrors(prune(object));
  if (unknown.length > 0 && fieldValidation === 'Strict') {
    throw cannotBeHandled(gvk, expected, strictDecodingMessage(unknown));
  }
  if (fieldValidation === 'Warn') for (const warning of [...warnings, ...unknown]) call.request.warn(warning);
  return object;
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
