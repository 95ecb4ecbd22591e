import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { DocumentV2 } from './document-v2.ts';

/**
 * The protobuf form of OpenAPI 2.0 that Go clients ask for (gnostic's `openapi.v2.Document`). Field numbers are
 * theirs. What a table does not name is left out, but for extensions.
 */
type Fields = Readonly<Record<string, readonly [number: number, kind: Kind]>>;

/** Writes one JSON value under a field number. */
type Kind = (writer: BinaryWriter, number: number, value: unknown) => void;

const bytesOf = (write: (inner: BinaryWriter) => void): Uint8Array => {
  const inner = new BinaryWriter();
  write(inner);
  return inner.finish();
};

const text: Kind = (w, n, value) => void w.tag(n, WireType.LengthDelimited).string(String(value));
const flag: Kind = (w, n, value) => {
  if (value === true) w.tag(n, WireType.Varint).bool(true);
};
const whole: Kind = (w, n, value) => void w.tag(n, WireType.Varint).int64(Number(value));
const double: Kind = (w, n, value) => void w.tag(n, WireType.Bit64).double(Number(value));
const bytes: Kind = (w, n, value) => void w.tag(n, WireType.LengthDelimited).bytes(value as Uint8Array);

const each =
  (kind: Kind): Kind =>
  (w, n, value) => {
    for (const item of value as unknown[]) kind(w, n, item);
  };

/** A message that stands in place of its fields, such as a oneof. */
const wrapped =
  (number: number, kind: Kind): Kind =>
  (w, n, value) =>
    bytes(
      w,
      n,
      bytesOf((inner) => kind(inner, number, value)),
    );

/** Any JSON value, as YAML: JSON is that too. */
const any: Kind = wrapped(2, (w, n, value) => text(w, n, JSON.stringify(value)));

const named =
  (value: Kind): Kind =>
  (w, n, entry) => {
    const [name, content] = entry as [string, unknown];
    const inner = bytesOf((writer) => {
      text(writer, 1, name);
      value(writer, 2, content);
    });
    bytes(w, n, inner);
  };

const entries =
  (number: number, value: Kind): Kind =>
  (w, n, map) =>
    bytes(
      w,
      n,
      bytesOf((inner) => each(named(value))(inner, number, Object.entries(map as object))),
    );

/** A message; keys that begin with `x-` go to its extensions, if it has a number for them. */
function message(fields: () => Fields, extensions?: number): Kind {
  const extension = named(any);
  return (w, n, value) => {
    const known = fields();
    const inner = bytesOf((writer) => {
      for (const [key, content] of Object.entries(value as object)) {
        const field = Object.hasOwn(known, key) ? known[key] : undefined;
        if (field) field[1](writer, field[0], content);
        else if (extensions && key.startsWith('x-')) extension(writer, extensions, [key, content]);
      }
    });
    bytes(w, n, inner);
  };
}

const schema: Kind = message(() => schemaFields, 31);

const additionalProperties: Kind = (w, n, value) =>
  typeof value === 'boolean' ? wrapped(2, flag)(w, n, value) : wrapped(1, schema)(w, n, value);

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
  () => ({ required: [1, flag], in: [2, text], description: [3, text], name: [4, text], type: [5, text] }),
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

const documentFields: Fields = {
  swagger: [1, text],
  info: [2, message(() => ({ title: [1, text], version: [2, text] }))],
  paths: [8, entries(2, pathItem)],
  definitions: [9, entries(1, schema)],
  parameters: [10, entries(1, parameter)],
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

/** The document as `application/com.github.proto-openapi.spec.v2.v1.0+protobuf`. */
export function encodeDocumentV2(document: DocumentV2): Uint8Array {
  return bytesOf((writer) => {
    for (const [key, content] of Object.entries(document)) {
      const field = documentFields[key];
      if (field) field[1](writer, field[0], content);
    }
  });
}
