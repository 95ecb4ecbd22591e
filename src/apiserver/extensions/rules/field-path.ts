import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { propertyOf, valuesOf } from '../schema/structure.ts';

/** A path that leads nowhere in its schema; the message is upstream's. */
export class FieldPathError extends Error {
  override readonly name = 'FieldPathError';
}

/** A field that a schema has. */
export interface FoundField {
  /** As errors name it, relative to where the path starts. */
  path: string;
  /** The name of the first step. */
  root: string;
  schema: JSONSchemaProps | undefined;
}

/** Longer than any path that somebody has written. */
const maxLength = 2048;

/** Tokens of a path: delimiters, quoted names and plain ones. */
function tokensOf(text: string): string[] {
  return text.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/gs) ?? [];
}

/** Finds the field that a path such as `.spec.size` or `.map['a.b']` leads to. Throws FieldPathError. */
export function findField(
  text: string,
  schema: JSONSchemaProps,
  { brackets = true }: { brackets?: boolean } = {},
): FoundField {
  if (text.length > maxLength) throw new FieldPathError('does not refer to a valid field');
  const tokens = tokensOf(text);
  const found: FoundField = { path: '', root: '', schema };
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === '.') step(found, needed(tokens[++i]));
    else if (tokens[i] === '[') {
      if (!brackets) throw new FieldPathError('array notation is not allowed');
      step(found, unquoted(needed(tokens[++i])));
      const end = needed(tokens[++i]);
      if (end !== ']') throw new FieldPathError(`expected ] but got ${end}`);
    } else throw new FieldPathError(`expected [ or . but got: ${tokens[i]}`);
  }
  return found;
}

function needed(token: string | undefined): string {
  if (token === undefined) throw new FieldPathError('unexpected end of JSON path');
  return token;
}

const escapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

function unquoted(token: string): string {
  if (!/^'.*'$/s.test(token)) throw new FieldPathError(`expected single quoted string but got ${token}`);
  return token.slice(1, -1).replace(/\\(.)/g, (written: string, char: string) => {
    const meant = Object.hasOwn(escapes, char) ? escapes[char] : undefined;
    if (meant === undefined) {
      throw new FieldPathError(`invalid string literal: invalid escape char ${written}`);
    }
    return meant;
  });
}

function step(found: FoundField, name: string): void {
  const { schema } = found;
  if (schema?.properties) {
    const property = propertyOf(schema, name);
    if (!property) throw new FieldPathError('does not refer to a valid field');
    found.path += found.path ? `.${name}` : name;
    found.schema = property;
  } else if (schema?.additionalProperties !== undefined) {
    found.path += `[${name}]`;
    found.schema = valuesOf(schema);
  } else throw new FieldPathError('does not refer to a valid field');
  found.root ||= name;
}
