// Reads the API types (src/api/<group>/<version>.ts) and derives the schema that everything else is computed
// from. Writes src/api/generated/{schema.json,docs.json,resources.ts}; nothing of it is committed.
import { mkdirSync, readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

const apiDir = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'api');
const outDir = join(apiDir, 'generated');

/** Splits a doc comment into its prose and its markers (`@name value`). */
function parseDoc(text) {
  const body = text
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, ''))
    .join('\n')
    .trim();
  const markers = [];
  const prose = body.replace(/(^|\s)@([a-zA-Z]+)(?:[ \t]+([^@\n]*[^@\s]))?/g, (_, _lead, name, value) => {
    markers.push([name, (value ?? '').trim()]);
    return '';
  });
  return { prose: prose.replace(/\s+/g, ' ').trim(), markers };
}

const first = (markers, name) => markers.find(([n]) => n === name)?.[1];
const every = (markers, name) => markers.filter(([n]) => n === name).map(([, v]) => v);
const has = (markers, name) => markers.some(([n]) => n === name);

/** Reads one file into its declarations, with the doc comment that stands before each. */
function readModule(path) {
  const source = readFileSync(path, 'utf8');
  const { program, comments, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const docs = comments.filter((c) => c.type === 'Block' && c.value.startsWith('*'));
  const docBefore = (node) => {
    const doc = docs.findLast((c) => c.end <= node.start && source.slice(c.end, node.start).trim() === '');
    return parseDoc(doc ? doc.value.slice(1) : '');
  };
  const header = parseDoc(docs[0]?.value.slice(1) ?? '');
  return { path, program, docBefore, header };
}

const numberAliases = { Int32: 'int32', Int64: 'int64', Double: 'double', Bytes: 'bytes' };

function typeRef(node, names, where) {
  switch (node.type) {
    case 'TSStringKeyword':
      return { type: 'string' };
    case 'TSNumberKeyword':
      return { type: 'double' };
    case 'TSBooleanKeyword':
      return { type: 'boolean' };
    case 'TSUnknownKeyword':
      return { type: 'any' };
    case 'TSArrayType':
      return { type: 'array', items: typeRef(node.elementType, names, where) };
    case 'TSUnionType':
      return typeRef(node.types[0], names, where);
    case 'TSLiteralType':
      return { type: 'string' };
    case 'TSTypeReference': {
      const name = node.typeName.name;
      if (name === 'Record')
        return { type: 'map', values: typeRef(node.typeArguments.params[1], names, where) };
      if (numberAliases[name]) return { type: numberAliases[name] };
      const full = names.get(name);
      if (!full) throw new Error(`${where}: unknown type ${name}`);
      return { type: 'ref', ref: full };
    }
    default:
      throw new Error(`${where}: unsupported type syntax ${node.type}`);
  }
}

/** Whether JSON always has the field. Of structs that are no pointers Go leaves none out unless told so. */
function isPrinted(field, markers) {
  if (has(markers, 'omitEmpty')) return false;
  const isStruct = field.type === 'ref' && !field.pointer;
  return isStruct || field.required === true || field.nullable === true || has(markers, 'printed');
}

const isNullable = (node) =>
  node.type === 'TSUnionType' && node.types.some(({ type }) => type === 'TSNullKeyword');

function fieldSchema(member, doc, names, where) {
  const field = typeRef(member.typeAnnotation.typeAnnotation, names, where);
  const m = doc.markers;
  if (!member.optional && !has(m, 'optional')) field.required = true;
  if (has(m, 'pointer')) field.pointer = true;
  if (isNullable(member.typeAnnotation.typeAnnotation)) field.nullable = true;
  if (isPrinted(field, m)) field.printed = true;
  if (has(m, 'proto')) field.proto = Number(first(m, 'proto'));
  for (const name of ['protoName', 'listType', 'patchStrategy', 'patchMergeKey', 'mapType']) {
    if (has(m, name)) field[name] = first(m, name);
  }
  if (has(m, 'listMapKey')) field.listMapKeys = every(m, 'listMapKey');
  if (has(m, 'default')) field.default = JSON.parse(first(m, 'default'));
  return field;
}

/** The messages that scalars are in protobuf: `@wire seconds 1 int64, nanos 2 int32`. */
function wireSchema(decl, names) {
  const wire = {};
  for (const entry of (first(decl.doc.markers, 'wire') ?? '').split(/,\s*/).filter(Boolean)) {
    const [field, proto, typeName] = entry.split(' ');
    const item = typeName.replace('[]', '');
    const type = names.has(item) ? { type: 'ref', ref: names.get(item) } : { type: item };
    wire[field] = { ...(typeName === item ? type : { type: 'array', items: type }), proto: Number(proto) };
  }
  return wire;
}

function kindOf(name, doc, header) {
  const m = doc.markers;
  const group = first(m, 'group') ?? first(header.markers, 'group');
  if (!has(m, 'kind') || group === undefined) return undefined;
  const kind = { group, version: first(header.markers, 'version'), kind: name };
  if (!has(m, 'resource')) return kind;
  const split = (text) => (text ? text.split(',') : []);
  return {
    ...kind,
    plural: first(m, 'resource'),
    singular: name.toLowerCase(),
    namespaced: first(m, 'scope') === 'Namespaced',
    shortNames: split(first(m, 'shortNames')),
    categories: split(first(m, 'categories')),
  };
}

function declarations(module) {
  const pkg = first(module.header.markers, 'package');
  return module.program.body
    .filter((s) => s.type === 'ExportNamedDeclaration' && s.declaration)
    .map((s) => ({ node: s.declaration, name: s.declaration.id.name, doc: module.docBefore(s) }))
    .map((d) => ({
      ...d,
      full: first(d.doc.markers, 'scalar') ?? `${first(d.doc.markers, 'package') ?? pkg}.${d.name}`,
    }));
}

/** The full type name behind each name that a module declares or imports. */
function namesOf(module, byPath) {
  const names = new Map(declarations(module).map((d) => [d.name, d.full]));
  for (const s of module.program.body.filter((b) => b.type === 'ImportDeclaration')) {
    const target = byPath.get(join(dirname(module.path), s.source.value));
    const theirs = new Map(declarations(target).map((d) => [d.name, d.full]));
    for (const spec of s.specifiers) names.set(spec.local.name, theirs.get(spec.imported.name));
  }
  return names;
}

function interfaceSchema(decl, module, names, docs) {
  const m = decl.doc.markers;
  const where = `${basename(dirname(module.path))}/${basename(module.path)} ${decl.name}`;
  const type = { fields: {} };
  const kind = kindOf(decl.name, decl.doc, module.header);
  if (kind) type.kind = kind;
  else if (has(m, 'kind')) type.everyGroup = true;
  for (const name of ['mapType']) if (has(m, name)) type[name] = first(m, name);
  for (const name of ['protoOnly', 'jsonOnly']) if (has(m, name)) type[name] = true;
  if (has(m, 'union')) type.unions = every(m, 'union').map((u) => JSON.parse(u));
  const base = decl.node.extends?.[0]?.expression.name;
  if (base) {
    const [field, number] = first(m, 'protoEmbed').split(' ');
    type.embed = { ref: names.get(base), field, proto: Number(number) };
  }
  const fieldDocs = {};
  for (const member of decl.node.body.body) {
    const key = member.key.name ?? member.key.value;
    const doc = module.docBefore(member);
    type.fields[key] = fieldSchema(member, doc, names, `${where}.${key}`);
    if (doc.prose) fieldDocs[key] = doc.prose;
  }
  docs[decl.full] = { description: decl.doc.prose, fields: fieldDocs };
  return type;
}

function build() {
  const modules = readdirSync(apiDir, { withFileTypes: true })
    .filter((d) => d.isDirectory() && d.name !== 'generated')
    .flatMap((d) => readdirSync(join(apiDir, d.name)).map((f) => join(apiDir, d.name, f)))
    .filter((p) => p.endsWith('.ts') && !p.endsWith('.test.ts'))
    .sort()
    .map(readModule);
  const byPath = new Map(modules.map((m) => [m.path, m]));
  const types = {};
  const docs = {};
  const kinds = [];
  for (const module of modules) {
    const names = namesOf(module, byPath);
    for (const decl of declarations(module)) {
      if (has(decl.doc.markers, 'scalar')) {
        types[decl.full] = { scalar: decl.name, wire: wireSchema(decl, names) };
        docs[decl.full] = { description: decl.doc.prose, fields: {} };
        continue;
      }
      if (decl.node.type !== 'TSInterfaceDeclaration') continue;
      const type = interfaceSchema(decl, module, names, docs);
      types[decl.full] = type;
      if (type.kind?.plural) kinds.push({ ...type.kind, type: decl.full, path: module.path });
    }
  }
  return { types, docs, kinds };
}

const capital = (s) => s.charAt(0).toUpperCase() + s.slice(1);

/** The plural name; where two groups or versions share it, all but the first carry group and version too. */
function constantNames(kinds) {
  const taken = new Set();
  const rank = (k) => `${k.group === '' ? 0 : 1} ${9 - Number(k.version.slice(1))} ${k.group}`;
  const names = new Map();
  for (const kind of [...kinds].sort((a, b) => rank(a).localeCompare(rank(b)))) {
    const long = kind.plural + capital(kind.group.split('.')[0]) + capital(kind.version);
    names.set(kind, taken.has(kind.plural) ? long : kind.plural);
    taken.add(kind.plural);
  }
  return names;
}

function resourcesModule(kinds) {
  const names = constantNames(kinds);
  const imports = new Map();
  const lines = kinds.map((kind) => {
    const file = kind.path.slice(apiDir.length + 1);
    const alias = `${capital(kind.group.split('.')[0]) || 'Core'}${capital(kind.version)}${kind.kind}`;
    imports.set(file, [...(imports.get(file) ?? []), `${kind.kind} as ${alias}`]);
    const { path: _, ...row } = kind;
    return `export const ${names.get(kind)}: Resource<${alias}> = ${JSON.stringify(row)};`;
  });
  const head = [...imports].map(([file, list]) => `import type { ${list.join(', ')} } from '../${file}';`);
  const all = `export const allResources: readonly Resource[] = [${kinds.map((k) => names.get(k)).join(', ')}];`;
  return ["import type { Resource } from '../resource.ts';", ...head, '', ...lines, '', all, ''].join('\n');
}

function writeIfChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileSync(path, text);
}

const { types, docs, kinds } = build();
mkdirSync(outDir, { recursive: true });
writeIfChanged(join(outDir, 'schema.json'), JSON.stringify({ types }));
writeIfChanged(join(outDir, 'docs.json'), JSON.stringify(docs));
writeIfChanged(join(outDir, 'resources.ts'), resourcesModule(kinds));
console.log(`generated ${Object.keys(types).length} types, ${kinds.length} resources`);

await import('./generate-proto.mjs');
