import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { unknownFieldErrors } from '../../machinery/conform.ts';
import { strictDecodingMessage } from '../../machinery/decode.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { applyJsonPatch, unknownOperationFields } from '../../machinery/json-patch.ts';
import { duplicateFields } from '../../machinery/json-text.ts';
import { applyMergePatch } from '../../machinery/merge-patch.ts';
import { findType } from '../../machinery/schema.ts';
import { badRequest, conflict, notFound, unsupportedMediaType } from '../../machinery/status-error.ts';
import { applyStrategicMergePatch } from '../../machinery/strategic-merge.ts';
import { dropUndefined } from '../cache/json-value.ts';
import type { ObjectAnswer, RequestBody } from '../request.ts';
import { applyPatch } from './apply.ts';
import { conformed, unusable } from './conform-object.ts';
import type { Facet } from './facet.ts';
import { recordWriter } from './managed-fields.ts';
import { checkName, matchNamespace } from './metadata.ts';
import { type Call, namespaceOf, subjectOf } from './registry.ts';
import { type WriteOptions, writeOptions } from './request-options.ts';
import { applyChange } from './update.ts';

const jsonPatchType = 'application/json-patch+json';
const mergePatchType = 'application/merge-patch+json';
const strategicPatchType = 'application/strategic-merge-patch+json';
const applyPatchType = 'application/apply-patch+yaml';

/** A patch as it was read, and what strict reading found. */
interface ReadPatch {
  type: string;
  value: unknown;
  /** The patch as JSON text, for duplicate fields; absent for a value of this process. */
  text?: string;
}

/** PATCH of an object, or of a facet of it. */
export async function patch(call: Call, facet: Facet): Promise<ObjectAnswer> {
  const type = patchType(call, facet);
  const options = writeOptions(call.request, 'PatchOptions', type);
  if (type === applyPatchType) {
    const make = applyPatch(call, facet, options);
    return applyChange(call, { options, make: checked(call, make), forceCreate: true }, facet);
  }
  const read = readPatch(call.request.body as RequestBody, type);
  const make = (old: KubernetesObject | undefined) => {
    if (!old) throw notFound(subjectOf(call));
    const sent = patched(call, facet, { old: facet.show(old), read, options });
    const object = facet.take(sent, old);
    recordWriter(call, { object, old, options });
    return object;
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
function patchType({ request }: Call, facet: Facet): string {
  const type = request.body?.mediaType.split(';')[0]?.trim() ?? '';
  const isKnownType = findType(facet.type) !== undefined;
  const types = [jsonPatchType, mergePatchType, ...(isKnownType ? [strategicPatchType] : []), applyPatchType];
  if (types.includes(type)) return type;
  const accepted = types.join(', ');
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

function readPatch(body: RequestBody, type: string): ReadPatch {
  if ('value' in body) return { type, value: body.value };
  const text = Buffer.from(body.bytes).toString();
  try {
    return { type, value: JSON.parse(text), text };
  } catch {
    throw badRequest('invalid JSON patch');
  }
}

interface PatchStep {
  old: KubernetesObject;
  read: ReadPatch;
  options: WriteOptions;
}

/** The object with the patch applied, in the form of its type and with its defaults. */
function patched(call: Call, facet: Facet, { old, read, options }: PatchStep): KubernetesObject {
  const result = clone(appliedTo(old, read, facet.type)) as KubernetesObject;
  const { object, unknown } = conformed(result, facet.type);
  unknown.push(...facet.prune(object));
  const errors = [...patchErrors(read), ...unknownFieldErrors(unknown)];
  if (errors.length > 0 && options.fieldValidation !== 'Ignore')
    reportStrict(call, { errors, object, options });
  object.metadata ??= {};
  facet.defaults(object);
  dropUndefined(object);
  return object;
}

function appliedTo(old: KubernetesObject, { type, value }: ReadPatch, typeName: string): unknown {
  const object = old as unknown as Record<string, unknown>;
  if (type === jsonPatchType) return applyJsonPatch(object, value);
  if (type === mergePatchType) return applyMergePatch(object, value);
  return applyStrategicMergePatch(object, value, typeName);
}

/** What strict reading finds in the patch itself. */
function patchErrors({ type, value, text }: ReadPatch): string[] {
  const isOperations = type === jsonPatchType;
  const duplicates =
    text === undefined ? [] : duplicateFields(text).map((path) => `duplicate field ${goQuote(path)}`);
  if (!isOperations) return duplicates;
  return [...duplicates.map((error) => `json patch ${error}`), ...unknownOperationFields(value)];
}

function reportStrict(
  call: Call,
  { errors, object, options }: { errors: string[]; object: KubernetesObject; options: WriteOptions },
): void {
  if (options.fieldValidation === 'Strict') throw unusable(object, strictDecodingMessage(errors));
  for (const error of errors) call.request.warn(error);
}
