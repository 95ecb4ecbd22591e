import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The fields of a message by their names in JSON. What a table does not name is left out, but for extensions. */
export type Fields = Readonly<Record<string, readonly [number: number, kind: Kind]>>;

/** Writes one JSON value under a field number. */
export type Kind = (writer: BinaryWriter, number: number, value: unknown) => void;

const bytesOf = (write: (inner: BinaryWriter) => void): Uint8Array => {
  const inner = new BinaryWriter();
  write(inner);
  return inner.finish();
};

export const text: Kind = (w, n, value) => void w.tag(n, WireType.LengthDelimited).string(String(value));
export const flag: Kind = (w, n, value) => {
  if (value === true) w.tag(n, WireType.Varint).bool(true);
};
/** One of several choices: which one it is has to be seen even where it is false. */
export const present: Kind = (w, n, value) => void w.tag(n, WireType.Varint).bool(value === true);
export const whole: Kind = (w, n, value) => void w.tag(n, WireType.Varint).int64(Number(value));
export const double: Kind = (w, n, value) => void w.tag(n, WireType.Bit64).double(Number(value));
const bytes: Kind = (w, n, value) => void w.tag(n, WireType.LengthDelimited).bytes(value as Uint8Array);

export const each =
  (kind: Kind): Kind =>
  (w, n, value) => {
    for (const item of value as unknown[]) kind(w, n, item);
  };

/** A message that stands in place of its fields, such as a oneof. */
export const wrapped =
  (number: number, kind: Kind): Kind =>
  (w, n, value) =>
    bytes(
      w,
      n,
      bytesOf((inner) => kind(inner, number, value)),
    );

/** Any JSON value, as YAML: JSON is that too. */
export const any: Kind = wrapped(2, (w, n, value) => text(w, n, JSON.stringify(value)));

export const named =
  (value: Kind): Kind =>
  (w, n, entry) => {
    const [name, content] = entry as [string, unknown];
    const inner = bytesOf((writer) => {
      text(writer, 1, name);
      value(writer, 2, content);
    });
    bytes(w, n, inner);
  };

export const entries =
  (number: number, value: Kind): Kind =>
  (w, n, map) =>
    bytes(
      w,
      n,
      bytesOf((inner) => each(named(value))(inner, number, Object.entries(map as object))),
    );

/** A message; keys that begin with `x-` go to its extensions, if it has a number for them. */
export function message(fields: () => Fields, extensions?: number): Kind {
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

/** A whole document. */
export const encode = (fields: Fields, document: object): Uint8Array =>
  bytesOf((writer) => {
    for (const [key, content] of Object.entries(document)) {
      const field = fields[key];
      if (field) field[1](writer, field[0], content);
    }
  });
