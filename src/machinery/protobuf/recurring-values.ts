import { backslash, quote, two, zero } from '../json-chars.ts';

/** The numbers of a part; see `Parts`. */
export const partOf = { start: 0, length: 1, written: 2, kind: 3, size: 4 } as const;

/** What a part is: text that stands in the message as it does in JSON, or a moment, of which there are its seconds. */
export const partKinds = { text: 0, time: 1 } as const;

/**
 * The texts of a value, in which others of the same template differ: four numbers each, in the order of JSON. Where it begins in the JSON
 * of the value, how long it is, where it begins in the field, and its kind.
 */
export type Parts = Int32Array;

/** A value as JSON, and what it is as a field. What stands there in the places of its parts is of no account. */
export interface RecurringValue {
  json: Uint8Array;
  field: Uint8Array;
  parts: Parts;
}

const mostKept = 8;
/**
 * What is shorter is transcoded as quickly as compared, and what is longer takes memory. No number is so long, and anything else
 * says where it ends: text that begins with a known value begins with no other.
 */
const [leastBytes, mostBytes] = [32, 16 * 1024];
const mostPassedOver = 127;

/**
 * The last values of one field, or the last objects of a type. Many objects are made of one template, so they are alike but for names,
 * moments and other texts, and these are mostly as long as the ones before. Where values mostly differ, few are compared.
 */
export class RecurringValues {
  readonly #kept: RecurringValue[] = [];
  /** Values come in turns, as the containers of a pod do: what was behind the last one is tried first. */
  #next = 0;
  /** How many values in a row were none of these. */
  #misses = 0;
  /** How many values are not looked for. */
  #passOver = 0;

  /** Whether the next value is one to look for; where it is not found, it is one to keep. */
  get isDue(): boolean {
    if (this.#passOver === 0) return true;
    this.#passOver--;
    return false;
  }

  /** The value that stands in `text` at `start`, if it is a known one but for its parts. */
  find(text: Buffer, start: number, end: number): RecurringValue | undefined {
    const kept = this.#kept;
    for (let i = 0; i < kept.length; i++) {
      const at = (this.#next + i) % kept.length;
      const value = kept[at] as RecurringValue;
      if (!isAlike(text, start, end, value)) continue;
      this.#next = at + 1;
      this.#misses = 0;
      return value;
    }
    this.#misses++;
    // Each time twice as many, once all places have been taken without use.
    this.#passOver = Math.min(mostPassedOver, 2 ** Math.max(0, this.#misses - mostKept) - 1);
    return undefined;
  }

  /** Whether values of this length are worth it. */
  isKept(jsonBytes: number): boolean {
    return jsonBytes >= leastBytes && jsonBytes <= mostBytes;
  }

  /** Takes the place of the one after the last that was found. `json` is copied, the rest is the caller's no more. */
  keep({ json, ...rest }: RecurringValue): void {
    const value = { json: new Uint8Array(json), ...rest };
    if (this.#kept.length < mostKept) this.#kept.push(value);
    else {
      this.#next = (this.#next + 1) % mostKept;
      this.#kept[this.#next] = value;
    }
  }
}

/**
 * Whether the text goes on with the value, but for parts that may stand where its own do. These are put into it, so that the rest is
 * compared at once.
 */
function isAlike(text: Buffer, start: number, end: number, { json, parts }: RecurringValue): boolean {
  if (json.length > end - start) return false;
  for (let i = 0; i < parts.length; i += partOf.size) {
    const from = parts[i + partOf.start] as number;
    const to = from + (parts[i + partOf.length] as number);
    // Mostly this is where another value is seen to be one.
    if (text[start + from - 1] !== quote || text[start + to] !== quote) return false;
    if (parts[i + partOf.kind] === partKinds.time && !isOfThisCentury(text, start + from)) return false;
    for (let at = from; at < to; at++) {
      const byte = text[start + at] as number;
      if (byte === quote || byte === backslash) return false;
      json[at] = byte;
    }
  }
  return text.compare(json, 0, json.length, start, start + json.length) === 0;
}

/** Whether the moment that begins there is in one of the years 20xx, so that its seconds take five bytes. */
export const isOfThisCentury = (text: Uint8Array, at: number) => text[at] === two && text[at + 1] === zero;
