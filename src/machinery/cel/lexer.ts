import { type Issue, nowhere } from './errors.ts';
import { type CelValue, Uint } from './values.ts';

export type Token = { offset: number; text: string } & (
  | { type: 'literal'; value: CelValue }
  | { type: 'name' }
  /** A field name in backticks; `text` without them. */
  | { type: 'quoted' }
  | { type: 'symbol' }
  | { type: 'end' }
);

/** What stops the lexer or the parser. */
export class SyntaxIssue extends Error {
  readonly issue: Issue;
  constructor(offset: number, message: string) {
    super(message);
    this.issue = { offset, message: `Syntax error: ${message}` };
  }
}

/** An expression that is too large. It is nowhere in particular. */
export class LimitIssue extends SyntaxIssue {
  constructor(message: string) {
    super(nowhere, message);
    this.issue.message = message;
  }
}

const blank = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y;
const name = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const quotedName = /`([a-zA-Z0-9_.\-/ ]+)`/y;
const symbol = /==|!=|<=|>=|&&|\|\||[-+*/%!<>()[\]{}.,?:]/y;
const hexNumber = /0[xX][0-9a-fA-F]+[uU]?/y;
const double = /[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+(?:[eE][-+]?[0-9]+)?/y;
const whole = /[0-9]+[uU]?/y;
const quote = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y;

/** The tokens of an expression; the last one is its end. Throws SyntaxIssue. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  for (let offset = 0; ; ) {
    offset += lengthAt(blank, source, offset);
    if (offset >= source.length) {
      tokens.push({ type: 'end', text: '<EOF>', offset });
      return tokens;
    }
    const token = tokenAt(source, offset, tokens.at(-1));
    tokens.push(token);
    offset += token.type === 'quoted' ? token.text.length + 2 : token.text.length;
  }
}

function matchAt(pattern: RegExp, source: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset;
  return pattern.exec(source);
}

const lengthAt = (pattern: RegExp, source: string, offset: number) =>
  matchAt(pattern, source, offset)?.[0].length ?? 0;

function tokenAt(source: string, offset: number, before: Token | undefined): Token {
  const opening = matchAt(quote, source, offset);
  if (opening) return stringAt(source, offset, opening);
  const number = numberAt(source, offset, before);
  if (number) return number;
  const word = matchAt(name, source, offset)?.[0];
  if (word !== undefined) return wordToken(word, offset);
  const quoted = matchAt(quotedName, source, offset)?.[1];
  if (quoted !== undefined) return { type: 'quoted', text: quoted, offset };
  const text = matchAt(symbol, source, offset)?.[0];
  if (text !== undefined) return { type: 'symbol', text, offset };
  // What begins a token is shown with the character that does not go on with it.
  const rest = source.slice(offset, offset + 2);
  throw new SyntaxIssue(offset, `token recognition error at: '${/^["'=&|]/.test(rest) ? rest : rest[0]}'`);
}

function wordToken(text: string, offset: number): Token {
  if (text === 'true' || text === 'false') return { type: 'literal', value: text === 'true', text, offset };
  if (text === 'null') return { type: 'literal', value: null, text, offset };
  return { type: 'name', text, offset };
}

function numberAt(source: string, offset: number, before: Token | undefined): Token | undefined {
  const hex = matchAt(hexNumber, source, offset)?.[0];
  if (hex !== undefined) return wholeToken(hex, offset);
  // `a.1` is no number after a name, but `.5` is one elsewhere.
  const afterValue = before && (before.type !== 'symbol' || /[)\]}]/.test(before.text));
  const text = afterValue && source[offset] === '.' ? undefined : matchAt(double, source, offset)?.[0];
  if (text !== undefined) return { type: 'literal', value: Number(text), text, offset };
  const digits = matchAt(whole, source, offset)?.[0];
  return digits === undefined ? undefined : wholeToken(digits, offset);
}

/** The smallest int is written with a sign, so the parser looks at the range. */
function wholeToken(text: string, offset: number): Token {
  const unsigned = /[uU]$/.test(text);
  const value = BigInt(unsigned ? text.slice(0, -1) : text);
  if (unsigned && value >= 2n ** 64n) throw new SyntaxIssue(offset, 'invalid uint literal');
  return { type: 'literal', value: unsigned ? new Uint(value) : value, text, offset };
}

function stringAt(source: string, offset: number, opening: RegExpExecArray): Token {
  const [head, prefix = '', mark = '"'] = opening;
  const raw = /r/i.test(prefix);
  const start = offset + head.length;
  const end = closing(source, { start, mark, raw });
  const text = source.slice(offset, end + mark.length);
  const inner = source.slice(start, end).replaceAll('\r\n', '\n');
  const isBytes = /b/i.test(prefix);
  const value = isBytes ? bytesOf(inner, raw, offset) : raw ? inner : textOf(inner, offset);
  return { type: 'literal', value, text, offset };
}

interface StringStart {
  start: number;
  mark: string;
  raw: boolean;
}

function closing(source: string, { start, mark, raw }: StringStart): number {
  for (let i = start; i < source.length; i++) {
    if (source.startsWith(mark, i)) return i;
    if (!raw && source[i] === '\\') i++;
    else if (mark.length === 1 && (source[i] === '\n' || source[i] === '\r')) break;
  }
  const begun = source.slice(start - mark.length).split('\n', 1)[0];
  throw new SyntaxIssue(start - mark.length, `token recognition error at: '${begun}'`);
}

const escape =
  /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|)/g;
const plainEscapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function textOf(inner: string, offset: number): string {
  return inner.replace(escape, (found, plain, hex, short, long, octal) => {
    if (found === '\\') throw new SyntaxIssue(offset, 'invalid escape sequence');
    if (plain) return plainEscapes[plain] ?? plain;
    const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? short ?? long, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      throw new SyntaxIssue(offset, 'invalid unicode code point');
    return String.fromCodePoint(code);
  });
}

/** In bytes, `\x41` and `\101` are bytes, and everything else is UTF-8. */
function bytesOf(inner: string, raw: boolean, offset: number): Uint8Array {
  if (raw) return Uint8Array.from(Buffer.from(inner));
  const parts: Buffer[] = [];
  let last = 0;
  for (const match of inner.matchAll(escape)) {
    const [found, plain, hex, short, long, octal] = match;
    if (found === '\\' || short || long) throw new SyntaxIssue(offset, 'invalid escape sequence');
    parts.push(Buffer.from(inner.slice(last, match.index)));
    if (plain) parts.push(Buffer.from(plainEscapes[plain] ?? plain));
    else parts.push(Buffer.from([octal ? Number.parseInt(octal, 8) : Number.parseInt(hex as string, 16)]));
    last = match.index + found.length;
  }
  parts.push(Buffer.from(inner.slice(last)));
  return Uint8Array.from(Buffer.concat(parts));
}
