import { parseDuration } from '../duration.ts';
import { isInteger, isNumber } from '../exact-json.ts';
import { parseTimestamp } from './moments.ts';
import { type CelType, dynType, type ListMerge } from './types.ts';
import { CelList, CelMap, type CelValue, Duration } from './values.ts';

/**
 * A JSON value as expressions see it. Its type decides what a number is; where that is not known, a whole number is an
 * integer. Lists and maps are wrapped, not copied. Text that does not fit its type stays text.
 */
export function fromJson(json: unknown, type: CelType = dynType): CelValue {
  if (json === null || json === undefined) return null;
  if (typeof json === 'string') return fromText(json, type);
  if (isNumber(json)) return type.kind !== 'double' && isInteger(json) ? BigInt(json) : Number(json);
  if (typeof json === 'boolean') return json;
  if (Array.isArray(json)) return new JsonList(json, type);
  return new JsonMap(json as Record<string, unknown>, type);
}

function fromText(text: string, type: CelType): CelValue {
  try {
    if (type.kind === 'bytes') return Uint8Array.from(Buffer.from(text, 'base64'));
    if (type.kind === 'timestamp') return parseTimestamp(text.length === 10 ? `${text}T00:00:00Z` : text);
    if (type.kind === 'duration') return new Duration(BigInt(parseDuration(text)));
  } catch {
    return text;
  }
  return text;
}

/** A list as it stands in an object. */
class JsonList extends CelList {
  readonly #items: readonly unknown[];
  readonly #type: CelType;
  override merge: ListMerge | undefined;

  constructor(items: readonly unknown[], type: CelType) {
    super();
    this.#items = items;
    this.#type = type.kind === 'list' ? type.element : dynType;
    this.merge = type.kind === 'list' ? type.merge : undefined;
  }
  get size(): number {
    return this.#items.length;
  }
  get(index: number): CelValue | undefined {
    return index in this.#items ? fromJson(this.#items[index], this.#type) : undefined;
  }
}

/** A map or a record as it stands in an object. */
class JsonMap extends CelMap {
  readonly #json: Record<string, unknown>;
  readonly #type: CelType;

  constructor(json: Record<string, unknown>, type: CelType) {
    super();
    this.#json = json;
    this.#type = type;
  }
  get size(): number {
    return Object.keys(this.#json).length;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    const field = this.#type.kind === 'object' ? this.#type.fields.get(key) : undefined;
    const property = field?.property ?? key;
    if (!Object.hasOwn(this.#json, property) || this.#json[property] === undefined) return undefined;
    // As upstream has it, a field that is null is absent.
    if (this.#type.kind === 'object' && this.#json[property] === null) return undefined;
    const valueType = this.#type.kind === 'map' ? this.#type.value : (field?.type ?? dynType);
    return fromJson(this.#json[property], valueType);
  }
  *keys(): Iterable<CelValue> {
    yield* Object.keys(this.#json);
  }
}
