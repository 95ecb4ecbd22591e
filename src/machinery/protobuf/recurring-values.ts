/** A value as JSON, and what it is as a field. */
export interface RecurringValue {
  json: Uint8Array;
  field: Uint8Array;
}

const mostKept = 4;
/**
 * What is shorter is transcoded as quickly as compared, what is longer mostly differs somewhere. No number is so long, and anything else
 * says where it ends: text that begins with a known value begins with no other.
 */
const [leastBytes, mostBytes] = [32, 2048];
/** Up to this length, a loop is quicker than a call into the runtime. */
const shortJson = 64;
const mostPassedOver = 127;

/**
 * The last values of one field. Many objects are made of one template, so they have in common what is dear to transcode: tolerations,
 * volumes, sets of managed fields. Where values mostly differ, few are compared.
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

  /** The value that stands in `text` at `start`, if it is a known one. */
  find(text: Buffer, start: number, end: number): RecurringValue | undefined {
    const kept = this.#kept;
    for (let i = 0; i < kept.length; i++) {
      const at = (this.#next + i) % kept.length;
      const value = kept[at] as RecurringValue;
      if (!beginsWith(text, start, end, value.json)) continue;
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

  /** Takes the place of the one after the last that was found. `field` is the caller's no more. */
  keep(json: Uint8Array, field: Uint8Array): void {
    const value = { json: new Uint8Array(json), field };
    if (this.#kept.length < mostKept) this.#kept.push(value);
    else {
      this.#next = (this.#next + 1) % mostKept;
      this.#kept[this.#next] = value;
    }
  }
}

function beginsWith(text: Buffer, start: number, end: number, json: Uint8Array): boolean {
  const count = json.length;
  if (count > end - start) return false;
  const near = Math.min(count, shortJson);
  for (let i = 0; i < near; i++) if (text[start + i] !== json[i]) return false;
  return count <= shortJson || text.compare(json, near, count, start + near, start + count) === 0;
}
