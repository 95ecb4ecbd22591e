import { parseDuration } from '../duration.ts';
import { isInteger, isNumber } from '../exact-json.ts';
import { parseTimestamp } from './moments.ts';
import { type CelType, dynType, type ListMerge } from './types.ts';
import { CelList, CelMap, type CelValue, Duration } from './values.ts';

/**
 * A JSON value as expressions see it. Its type decides what a number is; where that is not known, a whole number is an
 * integer. Lists and maps are wrapped, not copied, and must stay as they are while they are looked at. Text that does not fit its type stays text.
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

/** Values that are made of others, or read from text: each is made once, however often an expression asks for it. */
const isMade = (json: unknown, { kind }: CelType): boolean =>
  (typeof json === 'object' && json !== null) ||
  (typeof json === 'string' && (kind === 'bytes' || kind === 'timestamp' || kind === 'duration'));

/** What of an object has been asked for already, by its place in it. */
class Made<K> {
  #values: Map<K, CelValue> | undefined;

  of(place: K, json: unknown, type: CelType): CelValue {
    if (!isMade(json, type)) return fromJson(json, type);
    this.#values ??= new Map();
    let value = this.#values.get(place);
    if (value === undefined) this.#values.set(place, (value = fromJson(json, type)));
    return value;
  }
}

/** A list as it stands in an object. */
class JsonList extends CelList {
  readonly #items: readonly unknown[];
  readonly #type: CelType;
  readonly #made = new Made<number>();
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
    return index in this.#items ? this.#made.of(index, this.#items[index], this.#type) : undefined;
  }
}

/** A map or a record as it stands in an object. */
class JsonMap extends CelMap {
  readonly #json: Record<string, unknown>;
  readonly #type: CelType;
  readonly #made = new Made<string>();
  #names: readonly string[] | undefined;

  constructor(json: Record<string, unknown>, type: CelType) {
    super();
    this.#json = json;
    this.#type = type;
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    const field = this.#type.kind === 'object' ? this.#type.fields.get(key) : undefined;
    const property = field?.property ?? key;
    if (!Object.hasOwn(this.#json, property) || this.#json[property] === undefined) return undefined;
    // As upstream has it, a field that is null is absent.
    if (this.#type.kind === 'object' && this.#json[property] === null) return undefined;
    const valueType = this.#type.kind === 'map' ? this.#type.value : (field?.type ?? dynType);
    return this.#made.of(property, this.#json[property], valueType);
  }
  keys(): readonly string[] {
    return (this.#names ??= Object.keys(this.#json));
  }
}
