import { CelError } from './errors.ts';
import { Frame } from './frame.ts';
import { constant, type Planned, type Step } from './place.ts';
import { withoutRest } from './rest.ts';
import { CelList, type CelValue, Uint } from './values.ts';

export const isConstant = ({ constant: known }: Planned): boolean => known !== undefined;

/** What is made of constants: it is made once, and costs nothing. */
export function made(step: Step): Planned {
  const nothing = new Frame(() => null, Number.POSITIVE_INFINITY);
  try {
    return constant(withoutRest(() => step(nothing)));
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const fail: Step = () => {
      throw error;
    };
    return { step: fail };
  }
}

/** What is the same for all values that are equal; undefined of those that cannot be told so. */
function keyOf(value: CelValue): string | bigint | number | boolean | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (value instanceof Uint) return value.value;
  return typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean'
    ? value
    : undefined;
}

/** Whether a value is in a list of constants, which is found out without a call; undefined where that needs one. */
export function inConstant(value: Planned, list: CelValue): Planned | undefined {
  if (!(list instanceof CelList)) return undefined;
  if (list.size === 0) return constant(false);
  const keys = new Set([...list].map(keyOf));
  if (keys.has(undefined)) return undefined;
  keys.delete(Number.NaN);
  return {
    step(frame) {
      const key = keyOf(value.step(frame));
      return key !== undefined && keys.has(key);
    },
  };
}
