import type { Cost } from './library/cost.ts';
import { withoutRest } from './rest.ts';
import type { CelType } from './types.ts';
import * as types from './types.ts';
import type { CelValue } from './values.ts';

/** One way in which a function may be called: what a checker has to know, and what is done. */
export interface Overload {
  name: string;
  /** Whether it is written `target.name(...)`; the target is the first of `parameters`. */
  member: boolean;
  parameters: readonly CelType[];
  result: CelType;
  // biome-ignore lint/suspicious/noExplicitAny: the signature says what comes, in a form that the compiler cannot read.
  run(...args: any[]): CelValue;
  /**
   * For what can take long: begins on a call that can rest (`rest.ts`), so that what this gives is called until it does not throw Pause.
   * It does the same as `run`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  begin?: ((...args: any[]) => () => CelValue) | undefined;
  /** What a call costs; 1 where absent. */
  cost?: Cost | undefined;
  /** That is so only where it is known beforehand that the call is one of this function; elsewhere a call costs 1. */
  costIfKnown?: boolean;
}

/** The functions that expressions may call. */
export type Library = ReadonlyMap<string, readonly Overload[]>;

const words: Record<string, CelType> = {
  dyn: types.dynType,
  bool: types.boolType,
  int: types.intType,
  uint: types.uintType,
  double: types.doubleType,
  string: types.stringType,
  bytes: types.bytesType,
  null: types.nullType,
  timestamp: types.timestampType,
  duration: types.durationType,
  type: types.typeType,
  list: types.listType(types.dynType),
  map: types.mapType(types.dynType, types.dynType),
};

const pattern =
  /^(?:(?<target>[\w<>, .]+?)::)?(?<name>\S+?)\((?<parameters>[\w<>, .]*)\): (?<result>[\w<>, .]+)$/;

/**
 * A function from its signature: `size(string): int`; `string::find(string): string` is called as `text.find(pattern)`.
 * Capitals stand for any type, the same capital for the same type.
 */
export function overload(signature: string, run: Overload['run'], cost?: Cost): Overload {
  const groups = pattern.exec(signature)?.groups;
  if (!groups) throw new Error(`no signature: ${signature}`);
  const { target, name = '', parameters = '', result = '' } = groups;
  const own = target === undefined ? [] : [parseType(target)];
  const others = splitTop(parameters).map(parseType);
  return {
    name,
    member: target !== undefined,
    parameters: [...own, ...others],
    result: parseType(result),
    run,
    cost,
  };
}

/** The same of a function whose calls cost as much only where it is known beforehand that they are calls of it. */
export const knownOverload = (signature: string, run: Overload['run'], cost: Cost): Overload => ({
  ...overload(signature, run, cost),
  costIfKnown: true,
});

/** The same of a function that can rest. */
export const restingOverload = (
  signature: string,
  begin: NonNullable<Overload['begin']>,
  cost?: Cost,
): Overload => ({ ...overload(signature, (...args) => withoutRest(begin(...args)), cost), begin });

/** Functions by their names. */
export function libraryOf(...parts: readonly (readonly Overload[])[]): Library {
  const library = new Map<string, Overload[]>();
  for (const part of parts.flat()) {
    const known = library.get(part.name);
    if (known) known.push(part);
    else library.set(part.name, [part]);
  }
  return library;
}

function parseType(text: string): CelType {
  const trimmed = text.trim();
  const generic = /^(list|map|optional)<(.*)>$/.exec(trimmed);
  if (generic) return genericType(generic[1] as string, splitTop(generic[2] as string).map(parseType));
  if (/^[A-Z]$/.test(trimmed)) return { kind: 'parameter', name: trimmed };
  return words[trimmed] ?? types.opaqueType(trimmed);
}

function genericType(name: string, [first = types.dynType, second = types.dynType]: CelType[]): CelType {
  if (name === 'list') return types.listType(first);
  return name === 'map' ? types.mapType(first, second) : types.optionalType(first);
}

/** Splits at the commas that stand in no brackets. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === '<') depth++;
    if (char === '>') depth--;
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return part.trim() ? [...parts, part] : parts;
}
