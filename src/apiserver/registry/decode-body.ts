import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { ConformError, conform, unknownFieldErrors } from '../../machinery/conform.ts';
import {
  cannotBeHandled,
  decodeObject,
  decodeProtobufObject,
  decodeValue,
  type ExpectedKind,
  readOptions,
  strictDecodingMessage,
} from '../../machinery/decode.ts';
import { formatApiVersion, type GroupVersionKind, kindSchema } from '../../machinery/schema.ts';
import { decodeProtobuf } from '../../machinery/protobuf.ts';
import { badRequest, unsupportedMediaType } from '../../machinery/status-error.ts';
import { withoutUndefined } from '../cache/json-value.ts';
import type { RequestBody } from '../request.ts';
import { wrongType } from './conform-object.ts';
import type { Facet } from './facet.ts';
import type { Call } from './registry.ts';
import type { FieldValidation } from './request-options.ts';

/** What a body is read as. */
export type Expected = Pick<Facet, 'defaults' | 'prune'> &
  Partial<Pick<Facet, 'misfit'>> & { gvk: ExpectedKind };

/** The request's object, fresh, with its defaults. */
export function decodeBody(
  call: Call,
  expected: Expected,
  fieldValidation: FieldValidation,
): KubernetesObject {
  const object = decoded(call, expected, fieldValidation);
  expected.defaults(object);
  call.request.decoded?.(object);
  return withoutUndefined(object);
}

function decoded(
  call: Call,
  { gvk: expected, prune, misfit }: Expected,
  fieldValidation: FieldValidation,
): KubernetesObject {
  const isStrict = fieldValidation === 'Strict';
  // What a custom resource's schema does not know is told together with what decoding has found.
  const { object, gvk, warnings } = read(call.request.body, expected, isStrict ? 'Warn' : fieldValidation);
  if (!isStrict || warnings.length === 0) checkVersion(gvk, expected);
  const isOther = gvk.kind !== expected.kind;
  const fault = isOther ? undefined : misfit?.(object);
  if (fault) throw cannotBeHandled(gvk, expected, fault);
  const odd = isOther ? warnings : [...warnings, ...unknownFieldErrors(prune(object))];
  if (isStrict && odd.length > 0) throw cannotBeHandled(gvk, expected, strictDecodingMessage(odd));
  if (fieldValidation === 'Warn') for (const warning of odd.flatMap(warningsOf)) call.request.warn(warning);
  if (isOther) throw wrongType(object, expected);
  return object;
}

const yamlHead = /^(error converting YAML to JSON: )?yaml: unmarshal errors:\n/;

/** What strict reading has found as warnings: what is wrong with YAML says several things at once. */
export function warningsOf(error: string): string[] {
  if (!yamlHead.test(error)) return [error];
  return error
    .replace(yamlHead, '')
    .split('\n')
    .map((line) => line.trim());
}

function read(body: RequestBody | undefined, expected: ExpectedKind, fieldValidation: FieldValidation) {
  if (body && 'value' in body) return decodeValue(body.value as object, { expected, fieldValidation });
  const bytes = body && 'bytes' in body ? body.bytes : new Uint8Array();
  const format = formatOf(body, kindSchema(expected) ? accepted : acceptedOfCustom);
  if (format === 'protobuf') return decodeProtobufObject(bytes, expected);
  return decodeObject(Buffer.from(bytes).toString(), { format, expected, fieldValidation });
}

type Format = 'json' | 'yaml' | 'protobuf';

const formats: Record<string, Format> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
};
const accepted = Object.keys(formats);
/** Custom resources have no protobuf form. */
const acceptedOfCustom = accepted.filter((type) => formats[type] !== 'protobuf');

function formatOf(body: RequestBody | undefined, types: readonly string[] = accepted): Format {
  const mediaType = body?.mediaType.split(';', 1)[0]?.trim().toLowerCase() || 'application/json';
  if (types.includes(mediaType)) return formats[mediaType] as Format;
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  );
}

function checkVersion(gvk: GroupVersionKind, expected: GroupVersionKind): void {
  if (gvk.group === expected.group && gvk.version === expected.version) return;
  const [said, wanted] = [formatApiVersion(gvk), formatApiVersion(expected)];
  throw badRequest(
    `the API version in the data (${said}) does not match the expected API version (${wanted})`,
  );
}

const deleteOptionsType = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const deleteOptionsKind = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' };

/** The options in the body of a deletion, if there are any. They are known in every group and version. */
export function decodeDeleteOptions(call: Call): DeleteOptions | undefined {
  const { body } = call.request;
  if (!body) return undefined;
  const isEmpty = 'value' in body ? body.value === undefined : body.bytes.length === 0;
  if (isEmpty) return undefined;
  const value = readDeleteOptions(body);
  call.request.decoded?.(value);
  return value;
}

function readDeleteOptions(body: RequestBody): DeleteOptions {
  const parsed = 'value' in body ? clone(body.value) : parsedOptions(body.bytes, formatOf(body));
  try {
    return conform(parsed ?? {}, deleteOptionsType).value as DeleteOptions;
  } catch (error) {
    if (error instanceof ConformError) throw badRequest(error.message);
    throw error;
  }
}

function parsedOptions(bytes: Uint8Array, format: Format): unknown {
  if (format === 'protobuf') return decodeProtobuf(bytes, deleteOptionsKind).object;
  const text = Buffer.from(bytes).toString();
  const { parsed, gvk } = readOptions(text, { format, expected: deleteOptionsKind });
  if (gvk.kind === deleteOptionsKind.kind) return parsed;
  throw badRequest('decoded object cannot be converted to DeleteOptions');
}
