/** A JSON schema, as both versions of OpenAPI write it. */
export interface JsonSchema {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  required?: readonly string[];
  allOf?: readonly JsonSchema[];
  oneOf?: readonly JsonSchema[];
  /** Extensions (`x-kubernetes-...`), and what only schemas of custom resources use. */
  [key: string]: unknown;
}

/** OpenAPI 2.0 or 3.0: they differ in where definitions stand and in what may stand beside a reference. */
export type Dialect = 'v2' | 'v3';

const prefixes: Record<Dialect, string> = { v2: '#/definitions/', v3: '#/components/schemas/' };

/** A reference to a definition, by its full name. */
export function refTo(name: string, dialect: Dialect): JsonSchema {
  return { $ref: prefixes[dialect] + name };
}

/** The full name of the definition that a reference points to. */
export function refName(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** A reference with more to say: OpenAPI 3.0 allows nothing beside `$ref`, so it stands in an `allOf` there. */
export function refWith(name: string, more: JsonSchema, dialect: Dialect): JsonSchema {
  const ref = refTo(name, dialect);
  if (dialect === 'v2' || Object.keys(more).length === 0) return { ...more, ...ref };
  return { allOf: [ref], ...more };
}
