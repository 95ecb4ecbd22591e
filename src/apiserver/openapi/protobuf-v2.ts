import type { SectionV2 } from './document-v2.ts';
import {
  any,
  double,
  each,
  encode,
  entries,
  type Fields,
  flag,
  headOf,
  type Kind,
  message,
  named,
  present,
  text,
  whole,
  wrapped,
} from './protobuf-writer.ts';
import type { FormV2 } from './write-v2.ts';

// The protobuf form of OpenAPI 2.0 that Go clients ask for (gnostic's `openapi.v2.Document`). Field numbers are theirs.

const schema: Kind = message(() => schemaFields, 31);

const additionalProperties: Kind = (w, n, value) =>
  typeof value === 'boolean' ? wrapped(2, present)(w, n, value) : wrapped(1, schema)(w, n, value);

const externalDocs = message(() => ({ description: [1, text], url: [2, text] }));

const schemaFields: Fields = {
  $ref: [1, text],
  format: [2, text],
  title: [3, text],
  description: [4, text],
  default: [5, any],
  multipleOf: [6, double],
  maximum: [7, double],
  exclusiveMaximum: [8, flag],
  minimum: [9, double],
  exclusiveMinimum: [10, flag],
  maxLength: [11, whole],
  minLength: [12, whole],
  pattern: [13, text],
  maxItems: [14, whole],
  minItems: [15, whole],
  uniqueItems: [16, flag],
  maxProperties: [17, whole],
  minProperties: [18, whole],
  required: [19, each(text)],
  enum: [20, each(any)],
  additionalProperties: [21, additionalProperties],
  type: [22, wrapped(1, text)],
  items: [23, wrapped(1, schema)],
  allOf: [24, each(schema)],
  properties: [25, entries(1, schema)],
  externalDocs: [29, externalDocs],
  example: [30, any],
};

const body = message(
  () => ({
    description: [1, text],
    name: [2, text],
    in: [3, text],
    required: [4, flag],
    schema: [5, schema],
  }),
  6,
);
const inPath = message(
  () => ({
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    uniqueItems: [19, flag],
  }),
  22,
);
const inQuery = message(
  () => ({
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    uniqueItems: [20, flag],
  }),
  23,
);

const parameter: Kind = (w, n, value) => {
  const place = (value as { in: string }).in;
  if (place === 'body') wrapped(1, body)(w, n, value);
  else wrapped(2, place === 'path' ? wrapped(4, inPath) : wrapped(3, inQuery))(w, n, value);
};

const reference = message(() => ({ $ref: [1, text], description: [2, text] }));

const parameterItem: Kind = (w, n, value) =>
  '$ref' in (value as object) ? wrapped(2, reference)(w, n, value) : wrapped(1, parameter)(w, n, value);

const response = message(() => ({ description: [1, text], schema: [2, wrapped(1, schema)] }), 5);

const operation = message(
  () => ({
    tags: [1, each(text)],
    description: [3, text],
    operationId: [5, text],
    produces: [6, each(text)],
    consumes: [7, each(text)],
    parameters: [8, each(parameterItem)],
    responses: [9, entries(1, wrapped(1, response))],
    schemes: [10, each(text)],
  }),
  13,
);

const pathItem = message(
  () => ({
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, each(parameterItem)],
  }),
  10,
);

const apiKey = message(
  () => ({ type: [1, text], name: [2, text], in: [3, text], description: [4, text] }),
  5,
);

const aroundFields: Fields = {
  swagger: [1, text],
  info: [2, message(() => ({ title: [1, text], version: [2, text] }))],
  security: [
    12,
    each(
      entries(
        1,
        message(() => ({})),
      ),
    ),
  ],
  securityDefinitions: [13, entries(1, wrapped(2, apiKey))],
};

/** Numbers of the sections, and what they hold. */
const sections: Record<SectionV2, { number: number; entries: number; value: Kind }> = {
  paths: { number: 8, entries: 2, value: pathItem },
  definitions: { number: 9, entries: 1, value: schema },
  parameters: { number: 10, entries: 1, value: parameter },
};

/** The document as `application/com.github.proto-openapi.spec.v2.v1.0+protobuf`. */
export const protobufV2: FormV2 = {
  part(section, name, value) {
    const { entries, value: kind } = sections[section];
    return encode({ part: [entries, named(kind)] }, { part: [name, value] });
  },
  whole: (around, made) => [
    encode(aroundFields, around),
    ...Object.entries(sections).flatMap(([section, { number }]) => {
      const parts = made[section as SectionV2];
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      return [headOf(number, length), ...parts];
    }),
  ],
};
