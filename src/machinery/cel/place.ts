import { CelError, isFailure } from './errors.ts';
import type { Frame } from './frame.ts';
import { CelList, CelMap, type CelValue, Optional, typeNameOf, Uint } from './values.ts';

/** A piece of an expression, ready to be evaluated. */
export type Step = (frame: Frame) => CelValue;

/**
 * A piece with what is known of it beforehand. Costs are counted as upstream does, which evaluates what variables are, fields and elements
 * of something, and `?:`, in one go.
 */
export interface Planned {
  step: Step;
  /** The value of a constant, which costs nothing. */
  constant?: { value: CelValue };
  /** The same as `step` for a piece that is part of another one of that sort; it costs less. */
  resolve?: Step;
  /** Whether `step` costs no more than `resolve`. */
  isFree?: boolean;
}

function there(value: CelValue | CelError): CelValue {
  if (value instanceof CelError) throw value;
  return value;
}

interface Taking {
  optional: boolean;
  key: Step;
  take(value: CelValue, key: CelValue): CelValue | CelError;
}

/** What a field or an element of something is. */
export function within(operand: Planned, taking: Taking): Planned {
  const { optional, key, take } = taking;
  const base = operand.resolve ?? operand.step;
  const resolve: Step = (frame) => {
    const held = base(frame);
    if (!optional && !(held instanceof Optional)) {
      const at = key(frame);
      frame.spend(1);
      return there(take(held, at));
    }
    return throughOptional(held, optional, (value) => {
      const found = take(value, key(frame));
      if (!(found instanceof CelError)) frame.spend(1);
      return found;
    });
  };
  return operand.isFree ? free(resolve) : read(resolve);
}

/** A piece that costs 1 to read besides what it takes to get there. */
export function read(resolve: Step): Planned {
  const step: Step = (frame) => {
    let value: CelValue;
    try {
      value = resolve(frame);
    } catch (error) {
      if (isFailure(error)) frame.spend(1);
      throw error;
    }
    frame.spend(1);
    return value;
  };
  return { step, resolve };
}

/** A piece that costs nothing to read besides what it takes to get there. */
export const free = (resolve: Step): Planned => ({ step: resolve, resolve, isFree: true });

/** The same, where upstream gives back what it has not counted. */
export const credited =
  (step: Step): Step =>
  (frame) => {
    const value = step(frame);
    frame.spend(-1);
    return value;
  };

/** A value that is known beforehand. */
export const constant = (value: CelValue): Planned => ({ step: () => value, constant: { value } });

/** Takes something from a value, or from what an optional one holds; the answer is then optional too. */
function throughOptional(
  held: CelValue,
  optional: boolean,
  take: (value: CelValue) => CelValue | CelError,
): CelValue {
  if (held instanceof Optional) {
    return held.value === undefined ? held : throughOptional(held.value, true, take);
  }
  const value = take(held);
  if (!optional) return there(value);
  return value instanceof CelError ? new Optional() : value instanceof Optional ? value : new Optional(value);
}

export function selectField(value: CelValue, field: CelValue): CelValue | CelError {
  return value instanceof CelMap ? (value.get(field) ?? absent(value, field)) : elementAt(value, field);
}

/** A field of a record of which no fields are known: null where there is none. */
export const openField = (value: CelValue, field: CelValue): CelValue | CelError =>
  value instanceof CelMap ? (value.get(field) ?? null) : elementAt(value, field);

function absent(map: CelMap, key: CelValue): CelValue | CelError {
  return map.has(key) ? null : noKey(key);
}

const noKey = (key: CelValue) => new CelError(`no such key: ${key instanceof Uint ? key.value : key}`);

/** As upstream's library has it, what is neither a map nor a list, such as null, is empty. */
export function elementAt(value: CelValue, at: CelValue): CelValue | CelError {
  if (value instanceof CelMap) return value.get(at) ?? absent(value, at);
  if (!(value instanceof CelList)) return noKey(at);
  const plain = at instanceof Uint ? at.value : at;
  if (typeof plain !== 'bigint' && !(typeof plain === 'number' && Number.isInteger(plain))) {
    throw noListIndex(at);
  }
  const element = value.get(Number(plain));
  return element === undefined ? new CelError(`index out of bounds: ${plain}`) : element;
}

const noListIndex = (at: CelValue) => new CelError(`unsupported index type '${typeNameOf(at)}' in list`);

/** Whether something has a field. */
export function has(operand: Step, field: string): Step {
  return (frame) => {
    let value = operand(frame);
    frame.spend(1);
    if (value instanceof Optional) {
      if (value.value === undefined) return false;
      value = value.value;
    }
    if (value instanceof CelMap) return value.has(field);
    if (value instanceof CelList) throw noListIndex(field);
    return false;
  };
}
