import { BackwardWriter, wireTypes } from '../../machinery/protobuf/wire.ts';

/** The fields of a message by their names in JSON. What a table does not name is left out, but for extensions. */
export type Fields = Readonly<Record<string, readonly [number: number, kind: Kind]>>;

/** Writes one JSON value under a field number. What comes last in a message is written first. */
export type Kind = (writer: BackwardWriter, number: number, value: unknown) => void;

/** Writes what `inside` does as the value of a field. */
function nested(w: BackwardWriter, number: number, inside: () => void): void {
  const before = w.length;
  inside();
  w.head(number, w.length - before);
}

export const text: Kind = (w, n, value) => w.text(n, String(value));
export const flag: Kind = (w, n, value) => {
  if (value === true) w.number(n, 1);
};
/** One of several choices: which one it is has to be seen even where it is false. */
export const present: Kind = (w, n, value) => w.number(n, value === true ? 1 : 0);
export const whole: Kind = (w, n, value) => w.number(n, Number(value));
export const double: Kind = (w, n, value) => {
  w.double(Number(value));
  w.tag(n, wireTypes.fixed64);
};

export const each =
  (kind: Kind): Kind =>
  (w, n, value) => {
    const items = value as readonly unknown[];
    for (let i = items.length - 1; i >= 0; i--) kind(w, n, items[i]);
  };

/** A message that stands in place of its fields, such as a oneof. */
export const wrapped =
  (number: number, kind: Kind): Kind =>
  (w, n, value) =>
    nested(w, n, () => kind(w, number, value));

/** Any JSON value, as YAML: JSON is that too. */
export const any: Kind = wrapped(2, (w, n, value) => text(w, n, JSON.stringify(value)));

export const named =
  (value: Kind): Kind =>
  (w, n, entry) => {
    const [name, content] = entry as [string, unknown];
    nested(w, n, () => {
      value(w, 2, content);
      text(w, 1, name);
    });
  };

export const entries =
  (number: number, value: Kind): Kind =>
  (w, n, map) =>
    nested(w, n, () => each(named(value))(w, number, Object.entries(map as object)));

function writeFields(w: BackwardWriter, fields: Fields, value: object, other?: Kind): void {
  const contents = Object.entries(value);
  for (let i = contents.length - 1; i >= 0; i--) {
    const [key, content] = contents[i] as [string, unknown];
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field) field[1](w, field[0], content);
    else other?.(w, 0, contents[i]);
  }
}

/** A message; keys that begin with `x-` go to its extensions, if it has a number for them. */
export function message(fields: () => Fields, extensions?: number): Kind {
  const extension = named(any);
  const other: Kind | undefined =
    extensions === undefined
      ? undefined
      : (w, _, entry) => {
          if ((entry as [string, unknown])[0].startsWith('x-')) extension(w, extensions, entry);
        };
  return (w, n, value) => nested(w, n, () => writeFields(w, fields(), value as object, other));
}

/** A whole document. */
export function encode(fields: Fields, document: object): Uint8Array {
  const writer = new BackwardWriter();
  writeFields(writer, fields, document);
  return writer.release();
}

/** What stands before so many bytes that are the value of a field. */
export function headOf(number: number, length: number): Uint8Array {
  const writer = new BackwardWriter(16);
  writer.head(number, length);
  return writer.release();
}
