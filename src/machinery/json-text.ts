import { goQuote } from './go-text.ts';
import { backslash, closeBrace, closeBracket, comma, openBrace, openBracket, quote } from './json-chars.ts';
import { Seen } from './seen.ts';

/*
 * What JSON.parse does not tell: why a text is no JSON in the words of Go's `encoding/json`, and which fields stand
 * twice in an object. Both walk the text without recursion, so no nesting is too deep for them.
 */

const isSpace = (c: string | undefined) => c === ' ' || c === '\n' || c === '\t' || c === '\r';
const endOfInput = 'unexpected end of JSON input';

type Expecting = 'value' | 'firstValue' | 'key' | 'firstKey' | 'colon' | 'next';

const contexts: Record<Exclude<Expecting, 'next'>, string> = {
  value: 'looking for beginning of value',
  firstValue: 'looking for beginning of value',
  key: 'looking for beginning of object key string',
  firstKey: 'looking for beginning of object key string',
  colon: 'after object key',
};

function unexpectedChar(text: string, at: number, context: string): string {
  if (at >= text.length) return endOfInput;
  const char = String.fromCodePoint(text.codePointAt(at) as number);
  const quoted = char === "'" ? "'\\''" : char === '"' ? `'"'` : `'${goQuote(char).slice(1, -1)}'`;
  return `invalid character ${quoted} ${context}`;
}

class SyntaxFault extends Error {}

/** Reads one token; gives the position after it. Throws SyntaxFault with Go's words. */
function skipString(text: string, start: number): number {
  const fault = (at: number, context: string) => new SyntaxFault(unexpectedChar(text, at, context));
  for (let i = start + 1; ; i++) {
    const char = text[i];
    if (char === '"') return i + 1;
    if (char === undefined || char < ' ') throw fault(i, 'in string literal');
    if (char !== '\\') continue;
    i++;
    if (text[i] === 'u') {
      for (let n = 0; n < 4; n++) {
        i++;
        if (!/[0-9a-fA-F]/.test(text[i] ?? '')) throw fault(i, 'in \\u hexadecimal character escape');
      }
    } else if (!'"\\/bfnrt'.includes(text[i] ?? 'x')) throw fault(i, 'in string escape code');
  }
}

function skipDigits(text: string, start: number, context: string): number {
  let i = start;
  while (/[0-9]/.test(text[i] ?? '')) i++;
  if (i === start) throw new SyntaxFault(unexpectedChar(text, i, context));
  return i;
}

function skipNumber(text: string, start: number): number {
  let i = text[start] === '-' ? start + 1 : start;
  i = text[i] === '0' ? i + 1 : skipDigits(text, i, 'in numeric literal');
  if (text[i] === '.') i = skipDigits(text, i + 1, 'after decimal point in numeric literal');
  if (text[i] !== 'e' && text[i] !== 'E') return i;
  i++;
  if (text[i] === '+' || text[i] === '-') i++;
  return skipDigits(text, i, 'in exponent of numeric literal');
}

function skipLiteral(text: string, start: number): number {
  const word = { t: 'true', f: 'false', n: 'null' }[text[start] as 't' | 'f' | 'n'];
  if (!word) throw new SyntaxFault(unexpectedChar(text, start, contexts.value));
  for (let n = 1; n < word.length; n++) {
    if (text[start + n] === word[n]) continue;
    throw new SyntaxFault(unexpectedChar(text, start + n, `in literal ${word} (expecting '${word[n]}')`));
  }
  return start + word.length;
}

function skipScalar(text: string, start: number): number {
  const char = text[start] as string;
  if (char === '"') return skipString(text, start);
  return char === '-' || (char >= '0' && char <= '9') ? skipNumber(text, start) : skipLiteral(text, start);
}

function afterValueContext(open: string[]): string {
  if (open.length === 0) return 'after top-level value';
  return open.at(-1) === '{' ? 'after object key:value pair' : 'after array element';
}

/** Reads what may follow a value. */
function step(text: string, i: number, open: string[]): Expecting {
  const char = text[i];
  const inside = open.at(-1);
  if (inside && char === ',') return inside === '{' ? 'key' : 'value';
  if (inside && char === (inside === '{' ? '}' : ']')) {
    open.pop();
    return 'next';
  }
  throw new SyntaxFault(unexpectedChar(text, i, afterValueContext(open)));
}

function findFault(text: string): void {
  const open: string[] = [];
  let expecting: Expecting = 'value';
  for (let i = 0; ; ) {
    while (isSpace(text[i])) i++;
    const char = text[i];
    if (char === undefined) {
      if (expecting === 'next' && open.length === 0) return;
      throw new SyntaxFault(endOfInput);
    }
    if (expecting === 'next') {
      expecting = step(text, i++, open);
    } else if ((expecting === 'firstKey' && char === '}') || (expecting === 'firstValue' && char === ']')) {
      open.pop();
      expecting = 'next';
      i++;
    } else if (expecting === 'key' || expecting === 'firstKey') {
      if (char !== '"') throw new SyntaxFault(unexpectedChar(text, i, contexts.key));
      i = skipString(text, i);
      expecting = 'colon';
    } else if (expecting === 'colon') {
      if (char !== ':') throw new SyntaxFault(unexpectedChar(text, i, contexts.colon));
      expecting = 'value';
      i++;
    } else if (char === '{' || char === '[') {
      open.push(char);
      expecting = char === '{' ? 'firstKey' : 'firstValue';
      i++;
    } else {
      i = skipScalar(text, i);
      expecting = 'next';
    }
  }
}

/** Why Go would refuse this text as JSON; undefined if it would not. */
export function jsonSyntaxError(text: string): string | undefined {
  try {
    findFault(text);
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxFault) return error.message;
    throw error;
  }
}

interface Frame {
  /** Keys seen so far; undefined for an array. */
  keys: Seen | undefined;
  /** The key or index of the element being read. */
  at: string | number;
  /** Where the object or array stands. */
  path: string;
}

function pathOf({ keys, at, path }: Frame): string {
  if (!keys) return `${path}[${at}]`;
  return path === '' ? String(at) : `${path}.${at}`;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
}

const maxStrictErrors = 100;

/** Where the value ends whose key has ended at `end`: the place of its last character, or before it where that is a scalar's. */
function endOfValue(text: string, end: number): number {
  let depth = 0;
  for (let i = text.indexOf(':', end) + 1; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === quote) i = endOfString(text, i);
    else if (char === openBrace || char === openBracket) depth++;
    else if (char === closeBrace || char === closeBracket) {
      if (depth === 0) return i - 1;
      if (--depth === 0) return i;
    } else if (char === comma && depth === 0) return i - 1;
  }
  return text.length;
}

/** Hashes of the names of all objects that are open, in one row. */
let hashes = new Int32Array(1024);
const maxNamesLookedAt = 64;

/** Whether a field may stand twice in its object: by hashes of names, and so without keeping any. The text must be valid JSON. */
function mayRepeatFields(text: string): boolean {
  // Where the names of each open object begin; -1 for a list.
  const begins: number[] = [];
  let [begin, end] = [-1, 0];
  let keyNext = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === quote) {
      const start = i;
      i = endOfString(text, start);
      if (!keyNext) continue;
      keyNext = false;
      let hash = i - start;
      for (let at = start + 1; at < i; at++) {
        const letter = text.charCodeAt(at);
        if (letter === backslash) return true;
        hash = (Math.imul(hash, 31) + letter) | 0;
      }
      if (end - begin > maxNamesLookedAt) return true;
      for (let at = begin; at < end; at++) if (hashes[at] === hash) return true;
      if (end === hashes.length) hashes = grown(hashes);
      hashes[end++] = hash;
    } else if (char === openBrace || char === openBracket) {
      begins.push(begin);
      keyNext = char === openBrace;
      begin = keyNext ? end : -1;
    } else if (char === closeBrace || char === closeBracket) {
      if (begin >= 0) end = begin;
      begin = begins.pop() as number;
      keyNext = false;
    } else if (char === comma) keyNext = begin >= 0;
  }
  return false;
}

function grown(from: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(from.length * 2);
  larger.set(from);
  return larger;
}

/**
 * The strict errors of a JSON text, each said once, in the order in which a reader meets them: fields that stand more than
 * once in their object, and fields that are not known (`unknown`: their paths). What is in an unknown field is not looked
 * at. The text must be valid JSON.
 */
export function strictFieldErrors(text: string, unknownPaths: readonly string[] = []): string[] {
  if (unknownPaths.length === 0 && !mayRepeatFields(text)) return [];
  const unknown = new Set(unknownPaths);
  const frames: Frame[] = [];
  const found = new Set<string>();
  let keyNext = false;
  const here = () => {
    const frame = frames.at(-1);
    return frame ? pathOf(frame) : '';
  };
  /** Gives whether the field is not known. */
  const meet = (frame: Frame & { keys: Seen }, key: string): boolean => {
    frame.at = key;
    const twice = frame.keys.meet(key);
    if (!twice && unknown.size === 0) return false;
    const path = pathOf(frame);
    const isUnknown = unknown.has(path);
    if ((isUnknown || twice) && found.size < maxStrictErrors)
      found.add(`${isUnknown ? 'unknown' : 'duplicate'} field ${goQuote(path)}`);
    return isUnknown;
  };
  const readString = (start: number): number => {
    const end = endOfString(text, start);
    const frame = frames.at(-1);
    if (!keyNext || !frame?.keys) return end;
    keyNext = false;
    const raw = text.slice(start + 1, end);
    const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
    return meet(frame as Frame & { keys: Seen }, key) ? endOfValue(text, end) : end;
  };
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === quote) i = readString(i);
    else if (char === openBrace) {
      frames.push({ keys: new Seen(), at: '', path: here() });
      keyNext = true;
    } else if (char === openBracket) frames.push({ keys: undefined, at: 0, path: here() });
    else if (char === closeBrace || char === closeBracket) frames.pop();
    else if (char === comma) {
      const frame = frames.at(-1) as Frame;
      if (frame.keys) keyNext = true;
      else frame.at = (frame.at as number) + 1;
    }
  }
  return [...found];
}
