import { describe, expect, test } from 'vitest';
import docs from '../../src/api/generated/docs.json' with { type: 'json' };
import { definitionOf } from '../../src/apiserver/openapi/definitions.ts';
import { schemeGroupVersions } from '../../src/apiserver/openapi/scheme-groups.ts';
import { allTypeNames, type FieldSchema, type TypeSchema, typeSchema } from '../../src/machinery/schema.ts';
import printedFields from './printed-fields.json' with { type: 'json' };
import { type ReferenceSchema, reference, referenceTest } from './reference.ts';

/** The metrics API comes from another server upstream. */
const typeNames = allTypeNames().filter((name) => !name.startsWith('io.k8s.metrics.'));

/** In one order of keys, `required` sorted, prose left out. */
function canonical(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item));
    const unordered = key === 'required' || key === 'x-kubernetes-group-version-kind';
    return unordered ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([k, v]) => k !== 'description' || typeof v !== 'string');
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, canonical(v, k)]),
  );
}

const textOf = (value: unknown) => JSON.stringify(canonical(value));

const propertiesOf = (definition: ReferenceSchema) =>
  (definition.properties ?? {}) as Record<string, unknown>;

function differingFields(ours: ReferenceSchema, theirs: ReferenceSchema): string[] {
  const a = propertiesOf(ours);
  const b = propertiesOf(theirs);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((f) => textOf(a[f]) !== textOf(b[f]));
}

describe('API types against the reference', () => {
  referenceTest('definitions: names, types, formats, required, lists, patches, unions, kinds', () => {
    const { definitions } = reference('openapi-definitions.json');
    const names = Object.keys(definitions);
    const wrong: string[] = [];
    let equal = 0;
    let fields = 0;
    let equalFields = 0;
    for (const name of names) {
      const theirs = definitions[name] as ReferenceSchema;
      const ours = definitionOf(name, 'v2', schemeGroupVersions);
      const differing = differingFields(ours, theirs);
      const count = Object.keys(propertiesOf(theirs)).length;
      fields += count;
      equalFields += count - differing.filter((f) => f in propertiesOf(theirs)).length;
      if (textOf(ours) === textOf(theirs)) equal++;
      else wrong.push(`${name} ${differing.join(' ')}\n  ours   ${textOf(ours)}\n  theirs ${textOf(theirs)}`);
    }
    console.log(`definitions ${equal}/${names.length} fields ${equalFields}/${fields}`);
    expect(wrong).toEqual([]);
    expect([names.length, fields]).toEqual([585, 2460]);
  });

  referenceTest('every type that JSON shows is in the reference', () => {
    const { definitions } = reference('openapi-definitions.json');
    const inlined = new Set(['ExtraValue', 'Verbs', 'Duration']);
    const extra = typeNames.filter((name) => {
      const type = typeSchema(name);
      return !definitions[name] && !type.protoOnly && !inlined.has(type.scalar ?? '');
    });
    expect(extra).toEqual([]);
  });

  referenceTest('protobuf: field numbers, types, repeated', () => {
    const { messages } = reference('protobuf-fields.json');
    const types = new Map(allTypeNames().map((name) => [messageName(name), typeSchema(name)]));
    const wrong: string[] = [];
    let total = 0;
    for (const [message, fields] of Object.entries(messages)) {
      const type = types.get(message);
      const ours = new Map(type ? wireFields(type) : []);
      for (const [name, theirs] of Object.entries(fields)) {
        total++;
        const expected = `${theirs.n} ${qualified(theirs.type, message)}${theirs.repeated ? '[]' : ''}`;
        if (ours.get(name) !== expected) wrong.push(`${message}.${name}: ${ours.get(name)}, not ${expected}`);
        ours.delete(name);
      }
      for (const name of ours.keys()) wrong.push(`${message}.${name} is not in the reference`);
    }
    console.log(`proto ${total - wrong.length}/${total}`);
    expect(wrong).toEqual([]);
    expect(total).toBe(2395);
  });
});

const messageName = (name: string) => `k8s.io.${name.slice('io.k8s.'.length).replaceAll('-', '_')}`;

function wireType(field: FieldSchema): string {
  if (field.type === 'array') return `${wireType(field.items as FieldSchema)}[]`;
  if (field.type === 'map') return `map<string, ${wireType(field.values as FieldSchema)}>`;
  if (field.type === 'ref') return messageName(field.ref as string);
  return field.type === 'boolean' ? 'bool' : field.type;
}

function wireFields(type: TypeSchema): [string, string][] {
  const fields = [...type.ownFields, ...Object.entries(type.wire ?? {})]
    .filter(([, field]) => field.proto !== undefined)
    .map(([name, field]): [string, string] => [field.protoName ?? name, `${field.proto} ${wireType(field)}`]);
  if (type.embed) fields.push([type.embed.field, `${type.embed.proto} ${messageName(type.embed.ref)}`]);
  return fields;
}

const plain = new Set(['string', 'bool', 'bytes', 'int32', 'int64', 'double']);

/** The reference leaves the package off where it is the message's own. */
function qualified(type: string, message: string): string {
  const map = /^map<string, (.*)>$/.exec(type);
  if (map) return `map<string, ${qualified(map[1] as string, message)}>`;
  if (plain.has(type)) return type;
  if (type.startsWith('.')) return type.slice(1);
  return type.includes('.') ? type : `${message.slice(0, message.lastIndexOf('.'))}.${type}`;
}

/** Names of fields, in the order of the alphabet and with a space between them, by type and package. */
const printed: Record<string, Record<string, string>> = printedFields;

test('the fields that JSON always has are those without `omitempty` upstream, and its structs', () => {
  const types = typeNames.map(typeSchema).filter(({ scalar, protoOnly }) => !scalar && !protoOnly);
  const ours: Record<string, Record<string, string>> = {};
  for (const { name, fields } of types) {
    const always = [...fields].flatMap(([field, schema]) => (schema.printed ? [field] : []));
    const dot = name.lastIndexOf('.');
    const inPackage = (ours[name.slice(0, dot)] ??= {});
    if (always.length > 0) inPackage[name.slice(dot + 1)] = always.sort().join(' ');
  }
  for (const name of Object.keys(ours)) expect.soft(ours[name], name).toEqual(printed[name] ?? {});
  expect(Object.keys(printed).filter((name) => !ours[name])).toEqual([]);
});

test('every type and every field says what it is', () => {
  const described: Record<string, { description: string; fields: Record<string, string> } | undefined> = docs;
  const silent = allTypeNames().flatMap((name) => {
    const doc = described[name];
    const fields = [...typeSchema(name).ownFields.keys()].filter((field) => !doc?.fields[field]);
    return [...(doc?.description ? [] : [name]), ...fields.map((field) => `${name}.${field}`)];
  });
  expect(silent).toEqual([]);
});
