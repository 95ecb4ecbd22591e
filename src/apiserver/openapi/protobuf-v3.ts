import {
  any,
  double,
  each,
  encode,
  entries,
  type Fields,
  flag,
  type Kind,
  message,
  named,
  present,
  text,
  whole,
  wrapped,
} from './protobuf-writer.ts';

// The protobuf form of OpenAPI 3.0 that Go clients may ask for (gnostic's `openapi.v3.Document`). Field numbers are
// theirs.

const reference = message(() => ({ $ref: [1, text], summary: [2, text], description: [3, text] }));

/** Either the thing itself or a reference to it, which has nothing beside it. */
const orReference =
  (kind: Kind): Kind =>
  (w, n, value) =>
    '$ref' in (value as object) ? wrapped(2, reference)(w, n, value) : wrapped(1, kind)(w, n, value);

const bareSchema: Kind = message(() => schemaFields, 36);
const schema = orReference(bareSchema);

const additionalProperties: Kind = (w, n, value) =>
  typeof value === 'boolean' ? wrapped(2, present)(w, n, value) : wrapped(1, schema)(w, n, value);

const nothing = message(() => ({}));

/** Defaults that are objects or lists have no form here. */
const defaultValue: Kind = (w, n, value) => {
  if (typeof value === 'number') wrapped(1, double)(w, n, value);
  else if (typeof value === 'boolean') wrapped(2, present)(w, n, value);
  else if (typeof value === 'string') wrapped(3, text)(w, n, value);
  else nothing(w, n, {});
};

const externalDocs = message(() => ({ description: [1, text], url: [2, text] }), 3);

const schemaFields: Fields = {
  nullable: [1, flag],
  readOnly: [3, flag],
  writeOnly: [4, flag],
  externalDocs: [6, externalDocs],
  example: [7, any],
  deprecated: [8, flag],
  title: [9, text],
  multipleOf: [10, double],
  maximum: [11, double],
  exclusiveMaximum: [12, flag],
  minimum: [13, double],
  exclusiveMinimum: [14, flag],
  maxLength: [15, whole],
  minLength: [16, whole],
  pattern: [17, text],
  maxItems: [18, whole],
  minItems: [19, whole],
  uniqueItems: [20, flag],
  maxProperties: [21, whole],
  minProperties: [22, whole],
  required: [23, each(text)],
  enum: [24, each(any)],
  type: [25, text],
  allOf: [26, each(schema)],
  oneOf: [27, each(schema)],
  anyOf: [28, each(schema)],
  not: [29, bareSchema],
  items: [30, wrapped(1, schema)],
  properties: [31, entries(1, schema)],
  additionalProperties: [32, additionalProperties],
  default: [33, defaultValue],
  description: [34, text],
  format: [35, text],
};

const content = entries(
  1,
  message(() => ({ schema: [1, schema], example: [2, any] }), 5),
);

const parameter = message(
  () => ({
    name: [1, text],
    in: [2, text],
    description: [3, text],
    required: [4, flag],
    deprecated: [5, flag],
    allowEmptyValue: [6, flag],
    style: [7, text],
    explode: [8, flag],
    allowReserved: [9, flag],
    schema: [10, schema],
    example: [11, any],
    content: [13, content],
  }),
  14,
);
const parameters = each(orReference(parameter));

const requestBody = message(
  () => ({ description: [1, text], content: [2, content], required: [3, flag] }),
  4,
);

const response = orReference(message(() => ({ description: [1, text], content: [3, content] }), 5));

const byCode = message(() => ({ default: [1, response], coded: [2, each(named(response))] }), 3);

const responses: Kind = (w, n, value) => {
  const all = Object.entries(value as Record<string, unknown>);
  const coded = all.filter(([code]) => /^\d/.test(code));
  byCode(w, n, { ...Object.fromEntries(all), coded });
};

const operation = message(
  () => ({
    tags: [1, each(text)],
    summary: [2, text],
    description: [3, text],
    externalDocs: [4, externalDocs],
    operationId: [5, text],
    parameters: [6, parameters],
    requestBody: [7, orReference(requestBody)],
    responses: [8, responses],
    deprecated: [10, flag],
  }),
  13,
);

const pathItem = message(
  () => ({
    summary: [2, text],
    description: [3, text],
    get: [4, operation],
    put: [5, operation],
    post: [6, operation],
    delete: [7, operation],
    options: [8, operation],
    head: [9, operation],
    patch: [10, operation],
    trace: [11, operation],
    parameters: [13, parameters],
  }),
  14,
);

const securityScheme = message(
  () => ({
    type: [1, text],
    description: [2, text],
    name: [3, text],
    in: [4, text],
    scheme: [5, text],
    bearerFormat: [6, text],
  }),
  9,
);

const documentFields: Fields = {
  openapi: [1, text],
  info: [2, message(() => ({ title: [1, text], description: [2, text], version: [6, text] }), 7)],
  paths: [4, entries(1, pathItem)],
  components: [
    5,
    message(() => ({
      schemas: [1, entries(1, schema)],
      securitySchemes: [7, entries(1, orReference(securityScheme))],
    })),
  ],
};

/** A document of OpenAPI 3.0 as `application/com.github.proto-openapi.spec.v3.v1.0+protobuf`. */
export const encodeDocumentV3 = (document: object): Uint8Array => encode(documentFields, document);
