import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { unknownFieldErrors } from '../../machinery/conform.ts';
import { mismatchReason, missingKind, strictDecodingMessage } from '../../machinery/decode.ts';
import { parseJson, printJson } from '../../machinery/exact-json.ts';
import { goText, jsonTypeName } from '../../machinery/go-text.ts';
import { applyJsonPatch, operationTypeError, unknownOperationFields } from '../../machinery/json-patch.ts';
import { jsonSyntaxError, strictFieldErrors } from '../../machinery/json-text.ts';
import { applyMergePatch } from '../../machinery/merge-patch.ts';
import { findType, formatApiVersion, parseApiVersion } from '../../machinery/schema.ts';
import { badRequest, conflict, notFound, unsupportedMediaType } from '../../machinery/status-error.ts';
import { applyStrategicMergePatch } from '../../machinery/strategic-merge.ts';
import { checkValueCount } from '../../machinery/value-count.ts';
import { isFiniteJson, wellFormed } from '../../machinery/well-formed.ts';
import { withoutUndefined } from '../cache/json-value.ts';
import type { ObjectAnswer, RequestBody } from '../request.ts';
import { applyPatch } from './apply.ts';
import { conformed, unusable, wrongType } from './conform-object.ts';
import type { Facet } from './facet.ts';
import { takeFacet } from './managed-fields.ts';
import { checkName, matchNamespace } from './metadata.ts';
import { isCustom } from './kind.ts';
import { type Call, namespaceOf, subjectOf } from './registry.ts';
import { applyPatchType, type FieldValidation, type WriteOptions, writeOptions } from './request-options.ts';
import { applyChange } from './update.ts';

const jsonPatchType = 'application/json-patch+json';
const mergePatchType = 'application/merge-patch+json';
const strategicPatchType = 'application/strategic-merge-patch+json';

/** A patch as it was read, and what strict reading found. */
interface ReadPatch {
  type: string;
  value: unknown;
  /** What strict reading finds in the patch itself. */
  errors: readonly string[];
}

/** PATCH of an object, or of a facet of it. */
export async function patch(call: Call, facet: Facet): Promise<ObjectAnswer> {
  const type = patchType(call, facet);
  const options = writeOptions(call.request, 'PatchOptions', type);
  if (type === applyPatchType) {
    const make = applyPatch(call, facet, options);
    return applyChange(call, { options, make: checked(call, make), forceCreate: true }, facet);
  }
  let read: ReadPatch | undefined;
  const make = (old: KubernetesObject | undefined) => {
    if (!old) throw notFound(subjectOf(call));
    read ??= readPatch(call.request.body as RequestBody, type, options.fieldValidation);
    const sent = patched(call, facet, { old: (facet.patched ?? facet.show)(old), read, options });
    return takeFacet(call, facet, { sent, old, options });
  };
  return applyChange(call, { options, make: checked(call, make) }, facet);
}

/** Sees to it that the patched object is still the one that the request names. */
function checked(call: Call, make: (old: KubernetesObject | undefined) => KubernetesObject) {
  return (old: KubernetesObject | undefined) => {
    const object = make(old);
    const { metadata } = object;
    if (!old && metadata.uid) {
      const why = `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`;
      throw conflict(subjectOf(call), why);
    }
    matchNamespace(metadata, namespaceOf(call));
    checkName(metadata, call.request.info.name);
    return object;
  };
}

/** The patch type of a request; only those that its kind supports pass. */
function patchType({ request, registry }: Call, facet: Facet): string {
  const type = request.body?.mediaType.split(';')[0]?.trim() ?? '';
  const isKnownType = findType(facet.type) !== undefined && !isCustom(registry.view);
  const types = [jsonPatchType, mergePatchType, ...(isKnownType ? [strategicPatchType] : []), applyPatchType];
  if (types.includes(type)) return type;
  const accepted = types.join(', ');
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

/** Reads a patch. Throws a BadRequest in upstream's words, which depend on how strictly it is read. */
function readPatch(body: RequestBody, type: string, fieldValidation: FieldValidation): ReadPatch {
  if ('value' in body) return { type, value: body.value, errors: [] };
  const text = Buffer.from(body.bytes).toString();
  const strictly = fieldValidation !== 'Ignore';
  const value = parsePatch(text, type, strictly);
  if (!isFiniteJson(value)) {
    throw badRequest('error decoding patch: json: cannot unmarshal number into Go value of type float64');
  }
  const wrong = strictly ? typeError(value, type) : undefined;
  if (wrong) throw badRequest(`error decoding patch: ${wrong}`);
  return { type, value, errors: strictly ? patchErrors(type, value, text) : [] };
}

function parsePatch(text: string, type: string, strictly: boolean): unknown {
  const value = readPatchJson(text, type, strictly);
  checkValueCount(value, text.length);
  return value;
}

function readPatchJson(text: string, type: string, strictly: boolean): unknown {
  try {
    return wellFormed(parseJson(text), text);
  } catch {
    const why = jsonSyntaxError(text) ?? 'unexpected end of JSON input';
    if (type === strategicPatchType) throw badRequest(why);
    if (strictly) throw badRequest(`error decoding patch: ${why}`);
    throw badRequest(type === mergePatchType ? 'Invalid JSON Patch' : why);
  }
}

/** Why a strict reader cannot take a value for a patch of the type. */
function typeError(value: unknown, type: string): string | undefined {
  if (type === jsonPatchType) return operationTypeError(value);
  if (type !== mergePatchType || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return undefined;
  return `json: cannot unmarshal ${jsonTypeName(value)} into Go value of type map[string]interface {}`;
}

function patchErrors(type: string, value: unknown, text: string): string[] {
  if (type !== jsonPatchType) return strictFieldErrors(text);
  return strictFieldErrors(text, unknownOperationFields(value)).map((error) => `json patch ${error}`);
}

interface PatchStep {
  old: KubernetesObject;
  read: ReadPatch;
  options: WriteOptions;
}

/** The object with the patch applied, in the form of its type and with its defaults. */
function patched(call: Call, facet: Facet, { old, read, options }: PatchStep): KubernetesObject {
  const { managedFields, ...metadata } = old.metadata;
  // Half of a small object is managed fields, and hardly a patch is about them.
  const isApart = managedFields !== undefined && !touchesManagers(read);
  const base = isApart ? { ...old, metadata } : old;
  const narrow = facet.narrow && staysWithin(facet.narrow.fields, read) ? facet.narrow : undefined;
  const part = narrow ? partOf(base, narrow.fields) : base;
  const result = clone(appliedTo(part, read, facet.type)) as KubernetesObject;
  const whole = (object: KubernetesObject): KubernetesObject => {
    if (Array.isArray(object)) return object;
    const completed = narrow ? withRest(object, base, narrow.fields) : object;
    return isApart ? { ...completed, metadata: { ...object.metadata, managedFields } } : completed;
  };
  const shown = read.type === strategicPatchType ? () => goText(read.value) : () => printJson(whole(result));
  const words = read.type === strategicPatchType ? 'converter' : 'json';
  const conforming = conformed(result, facet.type, shown, words);
  const { unknown } = conforming;
  const { object } = conforming;
  const fault = facet.misfit(object);
  if (fault) throw unusable(printJson(whole(object)), fault);
  unknown.push(...facet.prune(object));
  const errors = [...read.errors, ...unknownFieldErrors(unknown)];
  if (errors.length > 0 && options.fieldValidation === 'Strict') {
    const said = read.type === strategicPatchType ? shown() : printJson(whole(object));
    throw unusable(said, strictDecodingMessage(errors));
  }
  if (options.fieldValidation === 'Warn') for (const error of errors) call.request.warn(error);
  checkType(object, facet, { type: read.type, said: () => printJson(whole(object)) });
  object.metadata ??= {};
  (narrow ?? facet).defaults(object);
  return whole(withoutUndefined(object));
}

/** An object with these fields alone. */
function partOf(object: KubernetesObject, fields: ReadonlySet<string>): KubernetesObject {
  const kept = Object.entries(object).filter(([name]) => fields.has(name));
  return Object.fromEntries(kept) as unknown as KubernetesObject;
}

/** What has become of these fields of an object, with all its other fields; in the order in which they stood there. */
function withRest(
  part: KubernetesObject,
  object: KubernetesObject,
  fields: ReadonlySet<string>,
): KubernetesObject {
  const all = { ...object, ...part };
  for (const name of fields) if (!(name in part)) delete all[name as keyof KubernetesObject];
  return all;
}

/** Whether a patch is about these fields of an object alone. */
function staysWithin(fields: ReadonlySet<string>, { type, value }: ReadPatch): boolean {
  if (type !== mergePatchType && type !== strategicPatchType) return false;
  return typeof value === 'object' && value !== null && Object.keys(value).every((name) => fields.has(name));
}

/** Whether a patch may change the managed fields, with a directive or by what it puts in the place of all metadata. */
function touchesManagers({ type, value }: ReadPatch): boolean {
  if (type !== mergePatchType && type !== strategicPatchType) return true;
  if (typeof value !== 'object' || value === null || '$patch' in value || '$retainKeys' in value) return true;
  const { metadata } = value as { metadata?: unknown };
  if (metadata === undefined) return false;
  if (typeof metadata !== 'object' || metadata === null) return true;
  return Object.keys(metadata).some((key) => key === 'managedFields' || key.startsWith('$'));
}

/**
 * A patch does not make another kind of an object. As upstream, a strategic merge patch that tries has no say in it, since its
 * result is read as the kind; that of the others is read as what it says it is.
 */
function checkType(
  object: KubernetesObject,
  { gvk, type: typeName }: Facet,
  { type, said }: { type: string; said(): string },
): void {
  const apiVersion = formatApiVersion(gvk);
  const isCustom = !findType(typeName);
  if (isCustom && !object.kind) throw unusable(said(), missingKind(said()));
  if (isCustom && (object.kind !== gvk.kind || object.apiVersion !== apiVersion))
    throw wrongType(object, gvk);
  const { kind = gvk.kind, apiVersion: version = apiVersion } = object;
  const isSame = kind === gvk.kind && version === apiVersion;
  if (!isSame && type !== strategicPatchType) {
    const why = `unable to decode ${version}, Kind=${kind} into ${apiVersion}, Kind=${gvk.kind}`;
    const reason = mismatchReason({ ...gvk, ...parseApiVersion(version), kind }, gvk);
    throw unusable(said(), reason ?? why);
  }
  object.kind = gvk.kind;
  object.apiVersion = apiVersion;
}

function appliedTo(old: KubernetesObject, { type, value }: ReadPatch, typeName: string): unknown {
  const object = old as unknown as Record<string, unknown>;
  if (type === jsonPatchType) return applyJsonPatch(object, value);
  if (type === mergePatchType) return applyMergePatch(object, value);
  return applyStrategicMergePatch(object, value, typeName);
}
