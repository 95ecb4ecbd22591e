import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { goKind, jsonTypeName } from '../../machinery/go-text.ts';
import { applyManaged } from '../../machinery/managed-fields/apply.ts';
import { conflictError } from '../../machinery/managed-fields/conflict.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import { badRequest, notFound } from '../../machinery/status-error.ts';
import { checkValueCount } from '../../machinery/value-count.ts';
import { wellFormed } from '../../machinery/well-formed.ts';
import { parseYaml, YamlError } from '../../machinery/yaml.ts';
import type { RequestBody } from '../request.ts';
import { conformed } from './conform-object.ts';
import { warningsOf } from './decode-body.ts';
import type { Facet } from './facet.ts';
import { managedContext, managedFacet, setManagedFields, writerOf } from './managed-fields.ts';
import { type Call, subjectOf } from './registry.ts';
import type { FieldValidation, WriteOptions } from './request-options.ts';

type Json = Record<string, unknown>;

/** How a server-side apply makes the new object of the one that stands there. */
export function applyPatch(
  call: Call,
  facet: Facet,
  options: WriteOptions,
): (old: KubernetesObject | undefined) => KubernetesObject {
  const body = call.request.body as RequestBody;
  const text = 'value' in body ? undefined : Buffer.from(body.bytes).toString();
  const value = 'value' in body ? body.value : readYaml(text as string);
  return (old) => {
    if (!old && call.request.info.subresource) throw notFound(subjectOf(call));
    const object = apply(call, { facet, old, applied: checkedKind(value, facet), options });
    if (text !== undefined) checkDuplicates(call, text, options.fieldValidation);
    return object;
  };
}

interface Application {
  facet: Facet;
  old: KubernetesObject | undefined;
  applied: Json;
  options: WriteOptions;
}

function apply(call: Call, { facet, old, applied, options }: Application): KubernetesObject {
  const { fields } = facet;
  const result = applyManaged({
    ...(fields?.context ?? managedContext(call)),
    ...writerOf(call, options),
    live: fields && old ? managedFacet(facet, fields, old) : old,
    applied,
    force: options.force,
  });
  if (!result.object) throw conflictError(result.conflicts);
  const { object: made } = conformed(clone(result.object) as unknown as KubernetesObject, facet.type);
  made.metadata ??= {};
  // As upstream, what is applied as null is null.
  facet.prune(made, { keepNulls: true });
  facet.defaults(made);
  const object = facet.take(made, old);
  const entries = fields && old ? fields.back(old, result.managedFields) : result.managedFields;
  setManagedFields(object, entries);
  return object;
}

/** What is applied. Throws a BadRequest for another kind than the one that is addressed. */
function checkedKind(value: unknown, facet: Facet): Json {
  const object = (value ?? {}) as Json;
  const [apiVersion, kind] = [textOf(object.apiVersion), textOf(object.kind)];
  if (apiVersion !== formatApiVersion(facet.gvk) || kind !== facet.gvk.kind) {
    throw badRequest(`invalid object type: ${goKind(apiVersion, kind)}`);
  }
  return object;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const decodingYaml = (why: string) => badRequest(`error decoding YAML: ${why}`);

function readYaml(text: string): unknown {
  const value = parsed(text);
  checkValueCount(value, text.length);
  if (value === null || isObject(value)) return value;
  const type = jsonTypeName(value);
  throw decodingYaml(
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
  );
}

function parsed(text: string): unknown {
  try {
    return wellFormed(parseYaml(text), text);
  } catch (error) {
    if (error instanceof YamlError) throw decodingYaml(`error converting YAML to JSON: ${error.message}`);
    throw error;
  }
}

/** Fields that stand twice; found after everything else, as upstream does. */
function checkDuplicates(call: Call, text: string, fieldValidation: FieldValidation): void {
  if (fieldValidation === 'Ignore') return;
  try {
    parseYaml(text, { strict: true });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const why = `error converting YAML to JSON: ${error.message}`;
    if (fieldValidation === 'Strict') throw badRequest(`error strict decoding YAML: ${why}`);
    for (const warning of warningsOf(why)) call.request.warn(warning);
  }
}
