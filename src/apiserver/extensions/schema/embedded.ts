import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { ConformError, conform } from '../../../machinery/conform.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { jsonTypeName } from '../../../machinery/go-text.ts';
import { dns1035LabelErrors } from '../../../machinery/names.ts';
import { parseApiVersion } from '../../../machinery/schema.ts';
import { metadataErrors, pathNameErrors } from '../../registry/object-meta.ts';
import { childOf, eachSchema, isObject, itemsOf, type Json, propertyOf } from './structure.ts';

const metadataType = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** One embedded resource and where it stands. */
interface Embedded {
  path: string;
  resource: Json;
}

/** Schemas by whether anything is embedded in what they are of: in most there is nothing to look for. */
const embedding = new WeakMap<JSONSchemaProps, boolean>();

function embeds(schema: JSONSchemaProps): boolean {
  const known = embedding.get(schema);
  if (known !== undefined) return known;
  let found = false;
  eachSchema(schema, (part) => void (found ||= part['x-kubernetes-embedded-resource'] === true));
  embedding.set(schema, found);
  return found;
}

/** The embedded resources of a value of a schema, which stands at a path. */
const allEmbedded = (value: unknown, schema: JSONSchemaProps, path = ''): Iterable<Embedded> =>
  embeds(schema) ? embeddedIn(value, schema, path) : [];

function* embeddedIn(value: unknown, schema: JSONSchemaProps | undefined, path: string): Iterable<Embedded> {
  if (!schema) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* embeddedIn(item, itemsOf(schema), `${path}[${i}]`);
  } else if (isObject(value)) {
    if (schema['x-kubernetes-embedded-resource']) yield { path, resource: value };
    for (const key of Object.keys(value)) {
      const own = propertyOf(schema, key) ? (path ? `${path}.${key}` : key) : `${path}[${key}]`;
      yield* embeddedIn(value[key], childOf(schema, key), own);
    }
  }
}

/** Takes unknown fields out of the metadata of embedded resources, in place, and gives their paths in order. */
export function pruneEmbeddedMetadata(object: Json, schema: JSONSchemaProps): string[] {
  const unknown: string[] = [];
  for (const { path, resource } of allEmbedded(object, schema)) {
    const metadata = isObject(resource.metadata) ? conformed(resource.metadata) : undefined;
    if (!metadata || typeof metadata === 'string') continue;
    resource.metadata = metadata.value;
    unknown.push(...metadata.unknown.map((field) => `${path}.metadata.${field}`));
  }
  return unknown.sort();
}

/**
 * Takes out of the metadata of a stored object, and of the resources embedded in it, what is no such thing, field by field: others
 * than this server may have put it into the store. Works in place, and says whether there was any.
 */
export function dropMisfitMetadata(object: Json, schema: JSONSchemaProps): boolean {
  let dropped = false;
  for (const resource of [object, ...Array.from(allEmbedded(object, schema), (one) => one.resource)]) {
    if (!isObject(resource.metadata) || isPlainMetadata(resource.metadata)) continue;
    dropped = dropMisfits(resource.metadata) || dropped;
  }
  return dropped;
}

function dropMisfits(metadata: Json): boolean {
  let dropped = false;
  for (const [name, value] of Object.entries(metadata)) {
    const read = conformed({ [name]: value });
    if (typeof read !== 'string' && read.unknown.length === 0) continue;
    delete metadata[name];
    dropped = true;
  }
  return dropped;
}

const texts = new Set(['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']);
const textMaps = new Set(['labels', 'annotations']);

/** Whether a glance at metadata shows that it is some, as nearly always. */
function isPlainMetadata(metadata: Json): boolean {
  for (const name in metadata) {
    const value = metadata[name];
    if (texts.has(name) ? typeof value === 'string' : name === 'generation' && typeof value === 'number')
      continue;
    if (
      textMaps.has(name) &&
      isObject(value) &&
      Object.values(value).every((text) => typeof text === 'string')
    )
      continue;
    if (name === 'managedFields' && Array.isArray(value)) continue;
    return false;
  }
  return true;
}

/** Why a value cannot be read: an embedded resource whose type or metadata is no such thing. Undefined where it can be. */
export function embeddedMisfit(
  value: unknown,
  schema: JSONSchemaProps,
  field?: string,
): FieldError | undefined {
  for (const { path, resource } of allEmbedded(value, schema, field)) {
    const [error] = [
      ...[resource.apiVersion, resource.kind].flatMap((value, i) =>
        value === undefined ? [] : notText(`${path}.${i === 0 ? 'apiVersion' : 'kind'}`, value),
      ),
      ...notMetadata(`${path}.metadata`, resource.metadata),
    ];
    if (error) return error;
  }
  return undefined;
}

const notText = (field: string, value: unknown): readonly FieldError[] =>
  typeof value === 'string' ? [] : [invalid(field, value, 'must be a string')];

function notMetadata(field: string, metadata: unknown): readonly FieldError[] {
  if (metadata === undefined || metadata === null) return [];
  const read = conformed(metadata);
  return typeof read === 'string' ? [invalid(field, metadata, read)] : [];
}

/** Metadata in the form of its type, or why it cannot have that. */
function conformed(metadata: unknown): { value: Json; unknown: string[] } | string {
  if (!isObject(metadata)) {
    return `json: cannot unmarshal ${jsonTypeName(metadata)} into Go value of type v1.ObjectMeta`;
  }
  try {
    // It works in place also where it fails half way.
    return conform(clone(metadata), metadataType);
  } catch (error) {
    if (error instanceof ConformError) return error.message;
    throw error;
  }
}

/** What is wrong with the type and the metadata of embedded resources. */
export function embeddedErrors(
  value: unknown,
  schema: JSONSchemaProps,
  field?: string,
): readonly FieldError[] {
  return [...allEmbedded(value, schema, field)].flatMap(({ path, resource }) =>
    resourceErrors(path, resource),
  );
}

function resourceErrors(path: string, { apiVersion, kind, metadata }: Json): readonly FieldError[] {
  return [
    ...(apiVersion === undefined ? [required(`${path}.apiVersion`)] : []),
    ...(kind === undefined ? [required(`${path}.kind`)] : []),
    ...textErrors(`${path}.apiVersion`, apiVersion, (text) =>
      parseApiVersion(text) ? [] : [`unexpected GroupVersion string: ${text}`],
    ),
    ...textErrors(`${path}.kind`, kind, (text) => {
      const errors = dns1035LabelErrors(text.toLowerCase());
      const why = `may have mixed case, but should otherwise match: ${errors.join(',')}`;
      return errors.length > 0 ? [why] : [];
    }),
    ...embeddedMetadataErrors(`${path}.metadata`, metadata),
  ];
}

function textErrors(field: string, value: unknown, check: (text: string) => string[]): readonly FieldError[] {
  if (value === undefined) return [];
  if (typeof value !== 'string') return notText(field, value);
  if (value === '') return [invalid(field, value, 'must not be empty')];
  return check(value).map((why) => invalid(field, value, why));
}

function embeddedMetadataErrors(field: string, metadata: unknown): readonly FieldError[] {
  const misfits = notMetadata(field, metadata);
  if (misfits.length > 0 || !isObject(metadata)) return misfits;
  const meta = { name: 'fakename', ...(metadata as ObjectMeta) };
  const errors = metadataErrors(meta, (meta.namespace ?? '') !== '', pathNameErrors);
  return errors.map((error) => ({ ...error, field: error.field.replace(/^metadata/, field) }));
}
