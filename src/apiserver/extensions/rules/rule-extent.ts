import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import type { Extent } from '../../../machinery/cel/extent.ts';
import { itemsOf, valuesOf } from '../schema/structure.ts';
import { fieldNameInRules, withIdentity } from './rule-type.ts';

/** What a request may measure, in bytes. */
const requestBytes = 3 * 1024 * 1024;
const brackets = 2;

/** How large values of a schema can be, and how many bytes one of them takes at least. */
export interface Measure {
  extent: Extent;
  leastBytes: number;
}

/** How many values that take at least so many bytes there can be in one request. */
export const mostInRequest = (leastBytes: number) => Math.floor(requestBytes / (leastBytes + 1));

const measure = (max: number, leastBytes: number): Measure => ({ extent: { max }, leastBytes });
const longestText = requestBytes - brackets;

/**
 * How large values of a schema can be, as far as the schema or the size of a request says; undefined where
 * rules cannot see them. `root`: of an object or an embedded resource.
 */
export function measureOf(schema: JSONSchemaProps, root: boolean): Measure | undefined {
  const { maxLength } = schema;
  if (schema['x-kubernetes-int-or-string']) {
    return measure(maxLength === undefined ? longestText : bytesOf(maxLength), 1);
  }
  switch (schema.type) {
    case 'array':
      return listMeasure(schema);
    case 'object':
      return objectMeasure(root ? withIdentity(schema) : schema);
    case 'string':
      return textMeasure(schema);
    case 'boolean':
      return measure(0, 4);
    case 'integer':
    case 'number':
      return measure(0, 1);
    default:
      return undefined;
  }
}

const inner = (schema: JSONSchemaProps) =>
  measureOf(schema, schema['x-kubernetes-embedded-resource'] ?? false);
/** Characters take four bytes at most. */
const bytesOf = (characters: number) => Math.max(characters, 0) * 4;

function listMeasure(schema: JSONSchemaProps): Measure | undefined {
  const items = itemsOf(schema);
  const item = items && inner(items);
  if (!item) return undefined;
  const most = Math.floor((requestBytes - brackets) / (item.leastBytes + 1));
  const max = schema.maxItems === undefined ? most : Math.max(schema.maxItems, 0);
  return { extent: { max, items: item.extent }, leastBytes: brackets };
}

function objectMeasure(schema: JSONSchemaProps): Measure | undefined {
  const values = valuesOf(schema);
  if (values) return mapMeasure(schema, values);
  const fields = new Map<string, Extent>();
  let leastBytes = brackets;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const found = inner(child);
    if (!found) continue;
    const called = fieldNameInRules(name);
    if (called) fields.set(called, found.extent);
    const isThere = schema.required?.includes(name) && child.default === undefined;
    if (isThere) leastBytes += Buffer.byteLength(name) + found.leastBytes + 4;
  }
  return { extent: { max: 0, fields }, leastBytes };
}

function mapMeasure(schema: JSONSchemaProps, values: JSONSchemaProps): Measure | undefined {
  const value = inner(values);
  if (!value) return undefined;
  const most = Math.floor((requestBytes - brackets) / (value.leastBytes + 6));
  const max = schema.maxProperties === undefined ? most : Math.max(schema.maxProperties, 0);
  // Nothing is known of the length of keys, which upstream takes for none at all.
  return { extent: { max, items: value.extent, keys: { max: 0 } }, leastBytes: brackets };
}

const momentBytes: Record<string, { max: number; least: number }> = {
  duration: { max: 32, least: 3 },
  date: { max: 12, least: 12 },
  'date-time': { max: 32, least: 21 },
};

function textMeasure({ format = '', maxLength, enum: values = [] }: JSONSchemaProps): Measure {
  const moment = momentBytes[format];
  if (moment) return measure(moment.max, moment.least);
  if (maxLength !== undefined) {
    return measure(format === 'byte' ? Math.max(maxLength, 0) : bytesOf(maxLength), brackets);
  }
  if (values.length === 0 || format === 'byte') return measure(longestText, brackets);
  const texts = values.filter((value) => typeof value === 'string');
  return measure(Math.max(0, ...texts.map((text) => Buffer.byteLength(text))), brackets);
}
