import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import { ConformError, conform } from '../../../machinery/conform.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { dns1035LabelErrors } from '../../../machinery/names.ts';
import { parseApiVersion } from '../../../machinery/schema.ts';
import { metadataErrors, pathNameErrors } from '../../registry/object-meta.ts';
import { childOf, isObject, itemsOf, type Json } from './structure.ts';

const metadataType = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** One embedded resource and where it stands. */
interface Embedded {
  path: string;
  resource: Json;
}

function* embeddedIn(value: unknown, schema: JSONSchemaProps | undefined, path: string): Iterable<Embedded> {
  if (!schema) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* embeddedIn(item, itemsOf(schema), `${path}[${i}]`);
  } else if (isObject(value)) {
    if (schema['x-kubernetes-embedded-resource']) yield { path, resource: value };
    for (const key of Object.keys(value)) {
      yield* embeddedIn(value[key], childOf(schema, key), path ? `${path}.${key}` : key);
    }
  }
}

/** Takes unknown fields out of the metadata of embedded resources, in place, and gives their paths. */
export function pruneEmbeddedMetadata(object: Json, schema: JSONSchemaProps): string[] {
  const unknown: string[] = [];
  for (const { path, resource } of embeddedIn(object, schema, '')) {
    const metadata = conformed(resource.metadata);
    if (!metadata) continue;
    resource.metadata = metadata.value;
    unknown.push(...metadata.unknown.map((field) => `${path}.metadata.${field}`));
  }
  return unknown;
}

/** Metadata in the form of its type; undefined for what is none, which validation refuses. */
function conformed(metadata: unknown): { value: Json; unknown: string[] } | undefined {
  if (!isObject(metadata)) return undefined;
  try {
    return conform(structuredCopy(metadata), metadataType);
  } catch (error) {
    if (error instanceof ConformError) return undefined;
    throw error;
  }
}

/** `conform` works in place also where it fails half way. */
const structuredCopy = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;

/** What is wrong with the type and the metadata of embedded resources. */
export function embeddedErrors(object: Json, schema: JSONSchemaProps): readonly FieldError[] {
  return [...embeddedIn(object, schema, '')].flatMap(({ path, resource }) => resourceErrors(path, resource));
}

function resourceErrors(path: string, { apiVersion, kind, metadata }: Json): readonly FieldError[] {
  return [
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
  if (value === undefined) return [required(field)];
  if (typeof value !== 'string') return [invalid(field, value, 'must be a string')];
  if (value === '') return [invalid(field, value, 'must not be empty')];
  return check(value).map((why) => invalid(field, value, why));
}

function embeddedMetadataErrors(field: string, metadata: unknown): readonly FieldError[] {
  if (metadata === undefined) return [];
  if (!conformed(metadata)) return [invalid(field, metadata, 'must be object metadata')];
  const meta = { name: 'fakename', ...(metadata as ObjectMeta) };
  const errors = metadataErrors(meta, (meta.namespace ?? '') !== '', pathNameErrors);
  return errors.map((error) => ({ ...error, field: error.field.replace(/^metadata/, field) }));
}
