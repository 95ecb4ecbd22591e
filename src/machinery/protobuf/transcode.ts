import { parseJson } from '../exact-json.ts';
import {
  backslash,
  closeBrace,
  closeBracket,
  colon,
  comma,
  letterN,
  letterT,
  minus,
  nine,
  openBrace,
  openBracket,
  quote,
  zero,
} from '../json-chars.ts';
import type { TypeSchema } from '../schema.ts';
import { secondsOf } from './encode.ts';
import {
  forms,
  type JsonField,
  type JsonName,
  type JsonPlan,
  jsonPlanOf,
  nextHash,
  numbersOf,
} from './json-plan.ts';
import {
  isOfThisCentury,
  partKinds,
  partOf,
  type Parts,
  type RecurringValue,
  type RecurringValues,
} from './recurring-values.ts';
import { BackwardWriter } from './wire.ts';

/*
 * From JSON to protobuf without an object between them. JSON has the fields in any order, protobuf by number: so the text is read
 * once, noting in `tape` where the value of each field stands, and written from what is noted, last field first. A value has two numbers,
 * four where it may be one that has been written before; those of a list have the place of the one before too: see `#list`.
 */

const isClosing = (byte: number) => byte === closeBrace || byte === closeBracket;

function isAt(text: Uint8Array, start: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (text[start + i] !== bytes[i]) return false;
  return true;
}

/** As in 2026-01-01T00:00:00Z. */
const timeLength = 20;

/** A value that has been read and written: where it is in the text, what had been written before it, and its first part. */
interface Written {
  start: number;
  end: number;
  before: number;
  firstPart: number;
}

/** JSON that is not as `JSON.stringify` writes objects of the type. */
class Unforeseen extends Error {}

class Transcoder {
  readonly #out = new BackwardWriter(64 * 1024);
  #tape = new Int32Array(4096);
  #top = 0;
  /** What has been found of recurring values, from 1 on. */
  readonly #found: (RecurringValue | undefined)[] = [undefined];
  /** The parts of what has been written, as they were written: where each begins in the whole text, and how far from the message's end. */
  #parts = new Int32Array(1024);
  #partsEnd = 0;
  #text: Buffer = Buffer.alloc(0);
  #length = 0;
  #at = 0;

  run(text: Buffer, length: number, plan: JsonPlan): string {
    this.#text = text;
    this.#length = length;
    this.#at = 0;
    // No value stands at 0, which is how a missing one is known.
    this.#top = 1;
    this.#found.length = 1;
    this.#partsEnd = 0;
    this.#out.reset();
    this.#whole(plan);
    return this.#out.finishText();
  }

  #whole(plan: JsonPlan): void {
    const { recurring } = plan;
    const isDue = recurring.isDue;
    const known = isDue ? recurring.find(this.#text, 0, this.#length) : undefined;
    if (known?.json.length === this.#length) return this.#writeKnown(known, 0);
    const base = this.#object(plan);
    if (this.#at !== this.#length) throw new Unforeseen();
    this.#message(base, plan);
    if (isDue) this.#keep(recurring, { start: 0, end: this.#length, before: 0, firstPart: 0 });
  }

  /** Room for so many numbers, all zero; gives where. */
  #room(count: number): number {
    const at = this.#top;
    this.#top += count;
    if (this.#top > this.#tape.length) {
      const larger = new Int32Array(Math.max(this.#tape.length * 2, this.#top));
      larger.set(this.#tape);
      this.#tape = larger;
    }
    const tape = this.#tape;
    for (let i = at; i < this.#top; i++) tape[i] = 0;
    return at;
  }

  #expect(char: number): void {
    if (this.#text[this.#at++] !== char) throw new Unforeseen();
  }

  /** Whether another element follows; else the end has been read. */
  #more(end: number): boolean {
    const char = this.#text[this.#at++];
    if (char === comma) return true;
    if (char !== end) throw new Unforeseen();
    return false;
  }

  /** Reads an opening bracket; gives false where the closing one follows at once, having read that too. */
  #enter(open: number, close: number): boolean {
    this.#expect(open);
    if (this.#text[this.#at] !== close) return true;
    this.#at++;
    return false;
  }

  /** Reads an object; gives where its numbers stand. */
  #object(plan: JsonPlan): number {
    const base = this.#room(plan.size);
    if (!this.#enter(openBrace, closeBrace)) return base;
    let name = plan.start;
    do {
      name = this.#name(plan, name);
      const { field } = name;
      if (field) this.#value(base + field.offset, field);
      else this.#skip();
    } while (this.#more(closeBrace));
    return base;
  }

  /** Reads a name and the colon behind it. Most objects have their fields in the order of the one before. */
  #name(plan: JsonPlan, before: JsonName): JsonName {
    this.#expect(quote);
    const text = this.#text;
    const start = this.#at;
    const { next } = before;
    if (next && text[start + next.bytes.length] === quote && isAt(text, start, next.bytes)) {
      this.#at = start + next.bytes.length + 1;
      this.#expect(colon);
      return next;
    }
    let [at, hash] = [start, 0];
    for (; at < this.#length && text[at] !== quote; at++) hash = nextHash(hash, text[at] as number);
    this.#at = at + 1;
    this.#expect(colon);
    const found = plan.find(text, start, at, hash);
    before.next = found;
    return found;
  }

  /** Reads a value and notes where it is: in `slot` where it begins, behind that where it ends, or what its form says. */
  #value(slot: number, field: JsonField): void {
    if (this.#text[this.#at] === letterN) {
      this.#at += 4;
      return;
    }
    const { recurring } = field;
    const isDue = recurring?.isDue === true;
    if (isDue && this.#isKnown(slot, recurring)) return;
    const start = this.#at;
    this.#read(slot, field);
    if (!isDue) return;
    this.#tape[slot + 2] = start;
    this.#tape[slot + 3] = this.#at;
  }

  /** Whether the value is a known one: it is read then, and the negative number noted under which it has been found. */
  #isKnown(slot: number, recurring: RecurringValues): boolean {
    const known = recurring.find(this.#text, this.#at, this.#length);
    if (!known) return false;
    this.#tape[slot] = -this.#found.length;
    this.#tape[slot + 2] = this.#at;
    this.#at += known.json.length;
    this.#found.push(known);
    return true;
  }

  #read(slot: number, field: JsonField): void {
    switch (field.form) {
      case forms.text:
      case forms.quantity:
      case forms.time:
        return this.#string(slot);
      case forms.message: {
        const base = this.#object(field.plan as JsonPlan);
        this.#tape[slot] = base;
        return;
      }
      case forms.list:
        return this.#list(slot, field.element as JsonField);
      case forms.map:
        return this.#map(slot, field.element as JsonField);
      default: {
        const start = this.#at;
        this.#skip();
        this.#tape[slot] = start;
        this.#tape[slot + 1] = this.#at;
      }
    }
  }

  /** Notes the inside of a string; its end as a negative number where it holds escapes. */
  #string(slot: number): void {
    this.#expect(quote);
    const start = this.#at;
    const isPlain = this.#pastString();
    const end = this.#at - 1;
    this.#tape[slot] = start;
    this.#tape[slot + 1] = isPlain ? end : -end;
  }

  /** Reads on to the end of a string; gives whether it holds no escapes. */
  #pastString(): boolean {
    const text = this.#text;
    let isPlain = true;
    let at = this.#at;
    for (; text[at] !== quote && at < this.#length; at++) {
      if (text[at] !== backslash) continue;
      isPlain = false;
      at++;
    }
    this.#at = at + 1;
    return isPlain;
  }

  /** Notes the last element; each has the place of the one before it, and then what its form says. */
  #list(slot: number, element: JsonField): void {
    if (!this.#enter(openBracket, closeBracket)) return;
    let last = 0;
    do {
      const node = this.#room(1 + numbersOf(element));
      this.#tape[node] = last;
      this.#value(node + 1, element);
      last = node;
    } while (this.#more(closeBracket));
    this.#tape[slot] = last;
  }

  /** Notes the last entry like that of a list, with where its key begins and ends before it; or where the map is, if a key is no plain ASCII. */
  #map(slot: number, element: JsonField): void {
    const start = this.#at;
    if (!this.#enter(openBrace, closeBrace)) return;
    let last = 0;
    let isPlain = true;
    do {
      const node = this.#room(3 + numbersOf(element));
      this.#tape[node] = last;
      this.#string(node + 1);
      isPlain &&= this.#isPlainKey(node + 1);
      this.#expect(colon);
      this.#value(node + 3, element);
      last = node;
    } while (this.#more(closeBrace));
    this.#tape[slot] = isPlain ? last : -start;
    this.#tape[slot + 1] = this.#at;
  }

  #isPlainKey(slot: number): boolean {
    const end = this.#tape[slot + 1] as number;
    for (let i = this.#tape[slot] as number; i < end; i++) if ((this.#text[i] as number) > 0x7f) return false;
    return end >= 0;
  }

  /** Reads past any value. */
  #skip(): void {
    const [text, length] = [this.#text, this.#length];
    let depth = 0;
    let at = this.#at;
    for (; at < length; at++) {
      const byte = text[at] as number;
      if (byte === quote) {
        this.#at = at + 1;
        this.#pastString();
        at = this.#at - 1;
      } else if (byte === openBrace || byte === openBracket) depth++;
      else if (depth === 0 ? byte === comma || isClosing(byte) : isClosing(byte) && --depth < 0) break;
    }
    this.#at = at;
  }

  #message(base: number, plan: JsonPlan): void {
    const { fields } = plan;
    for (let i = fields.length - 1; i >= 0; i--) {
      const field = fields[i] as JsonField;
      const slot = base + field.offset;
      if (field.form === forms.embedded) this.#nested(field, slot);
      else this.#field(slot, field);
    }
  }

  #nested({ number, plan }: JsonField, base: number): void {
    const before = this.#out.length;
    this.#message(base, plan as JsonPlan);
    this.#out.head(number, this.#out.length - before);
  }

  #field(slot: number, field: JsonField): void {
    const start = this.#tape[slot] as number;
    if (start === 0) {
      if (field.zero) this.#out.few(field.zero);
      return;
    }
    const { recurring } = field;
    if (!recurring) return this.#write(start, this.#tape[slot + 1] as number, field);
    if (start < 0)
      return this.#writeKnown(this.#found[-start] as RecurringValue, this.#tape[slot + 2] as number);
    const before = this.#out.length;
    const firstPart = this.#partsEnd;
    this.#write(start, this.#tape[slot + 1] as number, field);
    const from = this.#tape[slot + 2] as number;
    if (from !== 0)
      this.#keep(recurring, { start: from, end: this.#tape[slot + 3] as number, before, firstPart });
  }

  /** Keeps what stands in the text from `start` to `end`, and has been written since `before` with the parts from `firstPart` on. */
  #keep(recurring: RecurringValues, { start, end, before, firstPart }: Written): void {
    if (!recurring.isKept(end - start)) return;
    const parts = this.#partsSince(firstPart, start, this.#out.length);
    recurring.keep({ json: this.#text.subarray(start, end), field: this.#out.since(before), parts });
  }

  /** The parts of a value that begins at `start` and has been written up to `length`. */
  #partsSince(firstPart: number, start: number, length: number): Parts {
    const parts: number[][] = [];
    for (let i = firstPart; i < this.#partsEnd; i += partOf.size) {
      const [from = 0, count = 0, written = 0, kind = 0] = this.#parts.subarray(i, i + partOf.size);
      parts.push([from - start, count, length - written, kind]);
    }
    parts.sort(([a = 0], [b = 0]) => a - b);
    return Int32Array.from(parts.flat());
  }

  /** Notes a part, which has just been written so far. */
  #note(start: number, count: number, written: number, kind: number): void {
    const at = this.#partsEnd;
    this.#partsEnd = at + partOf.size;
    if (this.#partsEnd > this.#parts.length) {
      const larger = new Int32Array(this.#parts.length * 2);
      larger.set(this.#parts);
      this.#parts = larger;
    }
    const parts = this.#parts;
    parts[at + partOf.start] = start;
    parts[at + partOf.length] = count;
    parts[at + partOf.written] = written;
    parts[at + partOf.kind] = kind;
  }

  /** Writes a known value with the parts that the one has that stands at `start`. */
  #writeKnown({ field, parts }: RecurringValue, start: number): void {
    const out = this.#out;
    out.raw(field);
    for (let i = 0; i < parts.length; i += partOf.size) {
      const from = start + (parts[i + partOf.start] as number);
      const count = parts[i + partOf.length] as number;
      const at = parts[i + partOf.written] as number;
      const kind = parts[i + partOf.kind] as number;
      if (kind === partKinds.time) out.putNumber(at, secondsOf(this.#decoded(from, from + count)));
      else out.putPart(at, this.#text, from, count);
      this.#note(from, count, out.length - at, kind);
    }
  }

  #write(start: number, end: number, field: JsonField): void {
    const { number } = field;
    switch (field.form) {
      case forms.text:
        return this.#writeText(number, start, end);
      case forms.integer:
        return this.#out.number(number, this.#integer(start, end));
      case forms.boolean:
        return this.#out.number(number, this.#text[start] === letterT ? 1 : 0);
      case forms.message:
        return this.#nested(field, start);
      case forms.list:
        return this.#writeList(start, field.element as JsonField);
      case forms.map:
        return this.#writeMap(start, end, field);
      case forms.quantity: {
        const before = this.#out.length;
        this.#writeText(1, start, end);
        return this.#out.head(number, this.#out.length - before);
      }
      case forms.time: {
        const before = this.#out.length;
        this.#out.number(2, 0);
        this.#out.number(1, secondsOf(this.#decoded(start, end)));
        this.#noteTime(start, end);
        return this.#out.head(number, this.#out.length - before);
      }
      case forms.json: {
        const before = this.#out.length;
        this.#out.bytes(1, this.#text.subarray(start, end));
        return this.#out.head(number, this.#out.length - before);
      }
      default:
        return field.write(this.#out, parseJson(this.#text.toString('utf8', start, end)));
    }
  }

  #writeText(number: number, start: number, end: number): void {
    if (end < 0) return this.#out.text(number, this.#decoded(start, end));
    this.#out.part(this.#text, start, end);
    this.#note(start, end - start, this.#out.length, partKinds.text);
    this.#out.head(number, end - start);
  }

  /** The same for the key of a map: it is no part, since it says where its entry belongs. */
  #writeKey(number: number, start: number, end: number): void {
    this.#out.part(this.#text, start, end);
    this.#out.head(number, end - start);
  }

  /** Notes a moment as a part, if others of its length have as many bytes. */
  #noteTime(start: number, end: number): void {
    if (end - start !== timeLength || !isOfThisCentury(this.#text, start)) return;
    // Behind the tag, which is one byte.
    this.#note(start, timeLength, this.#out.length - 1, partKinds.time);
  }

  #decoded(start: number, end: number): string {
    if (end >= 0) return this.#text.toString('utf8', start, end);
    return JSON.parse(this.#text.toString('utf8', start - 1, 1 - end)) as string;
  }

  #integer(start: number, end: number): number {
    const text = this.#text;
    if (end - start > 15) return Number(text.toString('latin1', start, end));
    const isNegative = text[start] === minus;
    let value = 0;
    for (let i = isNegative ? start + 1 : start; i < end; i++) {
      const byte = text[i] as number;
      if (byte < zero || byte > nine) return Number(text.toString('latin1', start, end));
      value = value * 10 + byte - zero;
    }
    return isNegative ? -value : value;
  }

  #writeList(last: number, element: JsonField): void {
    for (let node = last; node !== 0; node = this.#tape[node] as number) this.#field(node + 1, element);
  }

  #writeMap(last: number, end: number, field: JsonField): void {
    if (last < 0) return field.write(this.#out, parseJson(this.#text.toString('utf8', -last, end)));
    const [out, tape] = [this.#out, this.#tape];
    for (const node of this.#byKey(last)) {
      const before = out.length;
      this.#field(node + 3, field.element as JsonField);
      this.#writeKey(1, tape[node + 1] as number, tape[node + 2] as number);
      out.head(field.number, out.length - before);
    }
  }

  /** The entries of a map by their keys, the last first. */
  #byKey(last: number): number[] {
    const nodes: number[] = [];
    let isSorted = true;
    for (let node = last; node !== 0; node = this.#tape[node] as number) {
      isSorted &&= nodes.length === 0 || this.#compareKeys(nodes.at(-1) as number, node) > 0;
      nodes.push(node);
    }
    return isSorted ? nodes : nodes.sort((a, b) => this.#compareKeys(b, a));
  }

  #compareKeys(a: number, b: number): number {
    const [text, tape] = [this.#text, this.#tape];
    const [startA, endA, startB, endB] = [tape[a + 1], tape[a + 2], tape[b + 1], tape[b + 2]] as number[] as [
      number,
      number,
      number,
      number,
    ];
    const shorter = Math.min(endA - startA, endB - startB);
    for (let i = 0; i < shorter; i++) {
      const difference = (text[startA + i] as number) - (text[startB + i] as number);
      if (difference !== 0) return difference;
    }
    return endA - startA - (endB - startB);
  }
}

const transcoder = new Transcoder();

/**
 * The message, a character a byte, of an object whose JSON are the first `length` bytes of `json`, as `JSON.stringify` has written it;
 * undefined where it is not so, or not as the type says: whoever asks has to decode it then.
 */
export function transcode(json: Buffer, length: number, type: TypeSchema): string | undefined {
  try {
    return transcoder.run(json, length, jsonPlanOf(type));
  } catch (error) {
    if (error instanceof Unforeseen) return undefined;
    throw error;
  }
}
