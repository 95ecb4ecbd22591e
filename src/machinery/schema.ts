import generated from '../api/generated/schema.json' with { type: 'json' };

/** What a field holds. `ref` points to a type by its full name. */
export interface FieldSchema {
  type: 'string' | 'boolean' | 'int32' | 'int64' | 'double' | 'bytes' | 'any' | 'array' | 'map' | 'ref';
  ref?: string;
  /** Of an array. */
  items?: FieldSchema;
  /** Of a map. */
  values?: FieldSchema;
  required?: boolean;
  /** A pointer upstream: what is missing is told apart from what is zero. */
  pointer?: boolean;
  /** JSON always has it: it is zero, `{}` or null where nobody has said anything. */
  printed?: boolean;
  /** It is null where it holds nothing. */
  nullable?: boolean;
  proto?: number;
  protoName?: string;
  listType?: 'atomic' | 'set' | 'map';
  listMapKeys?: readonly string[];
  mapType?: 'atomic' | 'granular';
  /** `merge`, `replace`, `retainKeys` or `merge,retainKeys`. */
  patchStrategy?: string;
  patchMergeKey?: string;
  default?: unknown;
}

/** Types that JSON does not show as a plain object of fields. */
export type ScalarName =
  | 'Time'
  | 'MicroTime'
  | 'Duration'
  | 'Quantity'
  | 'IntOrString'
  | 'RawExtension'
  | 'FieldsV1'
  | 'Patch'
  | 'Verbs'
  | 'ExtraValue'
  | 'JSONValue'
  | 'JSONSchemaPropsOrArray'
  | 'JSONSchemaPropsOrBool'
  | 'JSONSchemaPropsOrStringArray'
  | 'CustomResourceSubresourceStatus';

/** A kind as it is named on the wire. */
export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** One type of the API. */
export interface TypeSchema {
  /** Full name, such as `io.k8s.api.core.v1.Pod`. */
  name: string;
  scalar?: ScalarName;
  /** Every field in JSON, those of an embedded type among them. */
  fields: ReadonlyMap<string, FieldSchema>;
  /** The fields without those of the embedded type. */
  ownFields: ReadonlyMap<string, FieldSchema>;
  /** Of a scalar: the fields of the message that it is in protobuf. */
  wire?: Readonly<Record<string, FieldSchema>>;
  /** The type whose fields JSON shows inline; a message of its own in protobuf. */
  embed?: { ref: string; field: string; proto: number };
  mapType?: 'atomic' | 'granular';
  kind?: GroupVersionKind & { plural?: string };
  /** A kind that is known in each group and version, such as DeleteOptions. */
  everyGroup?: boolean;
  protoOnly?: boolean;
  unions?: readonly unknown[];
}

type RawType = Omit<TypeSchema, 'name' | 'fields' | 'ownFields'> & { fields?: Record<string, FieldSchema> };

const raw = generated.types as unknown as Record<string, RawType>;
const built = new Map<string, TypeSchema>();
const noFields: ReadonlyMap<string, FieldSchema> = new Map();

function build(name: string, type: RawType): TypeSchema {
  const ownFields = type.fields ? new Map(Object.entries(type.fields)) : noFields;
  const inherited = type.embed ? typeSchema(type.embed.ref).fields : noFields;
  const fields = type.embed ? new Map([...inherited, ...ownFields]) : ownFields;
  return { ...type, name, fields, ownFields };
}

/** The type of this full name, if the API has it. */
export function findType(name: string): TypeSchema | undefined {
  const known = built.get(name);
  if (known) return known;
  const type = Object.hasOwn(raw, name) ? raw[name] : undefined;
  if (!type) return undefined;
  const result = build(name, type);
  built.set(name, result);
  return result;
}

/** The type of this full name. Throws for a name that the API does not have: that is a bug. */
export function typeSchema(name: string): TypeSchema {
  const type = findType(name);
  if (!type) throw new Error(`no type ${name} in the schema`);
  return type;
}

const kindKey = (k: GroupVersionKind) => `${k.group}/${k.version}/${k.kind}`;
let kinds: Map<string, string> | undefined;

function indexKinds(): Map<string, string> {
  const index = new Map<string, string>();
  for (const [name, type] of Object.entries(raw)) {
    if (type.kind) index.set(kindKey(type.kind), name);
    else if (type.everyGroup) index.set(name.slice(name.lastIndexOf('.') + 1), name);
  }
  return index;
}

/** The type of a kind, if it is built in. */
export function kindSchema(gvk: GroupVersionKind): TypeSchema | undefined {
  kinds ??= indexKinds();
  const name = kinds.get(kindKey(gvk)) ?? kinds.get(gvk.kind);
  return name === undefined ? undefined : findType(name);
}

/** The full names of all types. */
export function allTypeNames(): string[] {
  return Object.keys(raw);
}

/** Splits `apps/v1` and `v1`; undefined where there is more than one slash. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } | undefined {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return undefined;
  return parts.length === 2
    ? { group: parts[0] as string, version: parts[1] as string }
    : { group: '', version: parts[0] as string };
}

/** The `apiVersion` text of a group and version. */
export function formatApiVersion(gv: { group: string; version: string }): string {
  return gv.group ? `${gv.group}/${gv.version}` : gv.version;
}
