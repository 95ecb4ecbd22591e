import { CelError } from '../errors.ts';
import { type Overload, overload } from '../signature.ts';
import {
  ArrayList,
  CelList,
  CelMap,
  type CelValue,
  Duration,
  minTimestamp,
  Optional,
  Timestamp,
  Uint,
} from '../values.ts';

/** Stands for functions that are no calls once they are planned. */
function planned(): never {
  throw new TypeError('is not called');
}

/** Values that may be absent. */
export function optionals(): Overload[] {
  return [
    overload('optional.of(A): optional<A>', (value: CelValue) => new Optional(value)),
    overload('optional.none(): optional<A>', () => new Optional()),
    overload('optional.ofNonZeroValue(A): optional<A>', (value: CelValue) =>
      isZero(value) ? new Optional() : new Optional(value),
    ),
    overload('optional<A>::hasValue(): bool', ({ value }: Optional) => value !== undefined),
    overload('optional<A>::value(): A', valueOf),
    overload('optional<A>::or(optional<A>): optional<A>', planned),
    overload('optional<A>::orValue(A): A', planned),
    overload('optional.unwrap(list<optional<A>>): list<A>', unwrapAll),
    overload('list<optional<A>>::unwrapOpt(): list<A>', unwrapAll),
  ];
}

function valueOf({ value }: Optional): CelValue {
  if (value === undefined) throw new CelError('optional.none() dereference');
  return value;
}

function unwrapAll(list: CelList): CelList {
  const values = [...list].map((item) => (item instanceof Optional ? item.value : item));
  return new ArrayList(values.filter((value) => value !== undefined));
}

function isZero(value: CelValue): boolean {
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return value.nanos === minTimestamp;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelList || value instanceof CelMap) return value.size === 0;
  return value === null || value === '' || value === 0n || value === 0 || value === false;
}
