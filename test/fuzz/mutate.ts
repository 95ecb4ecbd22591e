import { clone, setOwn } from '../../src/machinery/clone.ts';
import type { ByteMutation, JsonMutation, RawJson } from './mutations.ts';
import { oddKeys, oddValues } from './mutations.ts';

type Container = Record<string, unknown> | unknown[];

/** One place in a value: a member of a container. */
interface Place {
  parent: Container;
  key: string | number;
}

const modulo = <T>(list: readonly T[], at: number) => list[at % list.length] as T;
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;
const isRaw = (value: unknown): value is RawJson =>
  isContainer(value) &&
  !Array.isArray(value) &&
  typeof value.raw === 'string' &&
  Object.keys(value).length === 1;

function places(value: unknown, found: Place[] = []): Place[] {
  if (!isContainer(value) || isRaw(value)) return found;
  for (const key of Object.keys(value)) {
    found.push({ parent: value, key: Array.isArray(value) ? Number(key) : key });
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

const read = ({ parent, key }: Place) => (parent as Record<string | number, unknown>)[key];
function write({ parent, key }: Place, value: unknown): void {
  if (Array.isArray(parent)) parent[key as number] = value;
  else setOwn(parent, String(key), value);
}

function remove({ parent, key }: Place): void {
  if (Array.isArray(parent)) parent.splice(key as number, 1);
  else delete parent[key as string];
}

function repeat({ parent, key }: Place, times: number): void {
  const value = read({ parent, key });
  for (let i = 0; i < times; i++) {
    if (Array.isArray(parent)) parent.splice(key as number, 0, clone(value));
    else setOwn(parent, `${key}${i}`, clone(value));
  }
}

function putInto(value: unknown, mutation: { at: number; key: number; value: number }): void {
  const containers = [value, ...places(value).map(read)].filter(
    (v): v is Container => isContainer(v) && !isRaw(v),
  );
  if (containers.length === 0) return;
  const container = modulo(containers, mutation.at);
  const odd = clone(modulo(oddValues, mutation.value));
  if (Array.isArray(container)) container.push(odd);
  else setOwn(container, modulo(oddKeys, mutation.key), odd);
}

function change(value: unknown, mutation: JsonMutation): unknown {
  const all = places(value);
  if (mutation.type === 'put') putInto(value, mutation);
  if (all.length === 0) return mutation.type === 'replace' ? modulo(oddValues, mutation.with) : value;
  const place = modulo(all, mutation.at);
  if (mutation.type === 'replace') write(place, clone(modulo(oddValues, mutation.with)));
  if (mutation.type === 'remove') remove(place);
  if (mutation.type === 'repeat') repeat(place, mutation.times);
  if (mutation.type === 'rename' && !Array.isArray(place.parent)) {
    const moved = read(place);
    remove(place);
    write({ parent: place.parent, key: modulo(oddKeys, mutation.key) }, moved);
  }
  if (mutation.type === 'swap') {
    const other = modulo(all, mutation.with);
    const [a, b] = [clone(read(place)), clone(read(other))];
    write(place, b);
    write(other, a);
  }
  return value;
}

/** A copy of the value with the changes. What is raw JSON in it stays so. */
export function mutateJson(value: unknown, mutations: readonly JsonMutation[]): unknown {
  let result = clone(value);
  for (const mutation of mutations) result = change(result, mutation);
  return result;
}

/** The value as JSON text, raw pieces as they are. */
export function jsonText(value: unknown): string {
  if (isRaw(value)) return value.raw;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (!isContainer(value)) return JSON.stringify(value ?? null);
  const fields = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`);
  return `{${fields.join(',')}}`;
}

function changeBytes(bytes: Buffer, mutation: ByteMutation): Buffer {
  const at = bytes.length === 0 ? 0 : mutation.at % bytes.length;
  const head = bytes.subarray(0, at);
  const tail = bytes.subarray(at);
  switch (mutation.type) {
    case 'flip': {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[at] = (copy[at] as number) ^ (1 << mutation.bit);
      return copy;
    }
    case 'insert':
      return Buffer.concat([head, mutation.bytes, tail]);
    case 'delete':
      return Buffer.concat([head, tail.subarray(mutation.count)]);
    case 'double':
      return Buffer.concat([head, tail.subarray(0, mutation.count), tail]);
    case 'truncate':
      return Buffer.from(head);
  }
}

export function mutateBytes(bytes: Uint8Array, mutations: readonly ByteMutation[]): Uint8Array {
  return mutations.reduce(changeBytes, Buffer.from(bytes));
}
