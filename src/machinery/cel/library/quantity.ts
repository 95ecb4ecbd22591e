import {
  addQuantities,
  compareQuantities,
  isQuantity,
  type ParsedQuantity,
  parseQuantity,
  quantitySign,
  scaledValue,
  subtractQuantities,
} from '../../quantity.ts';
import { CelError } from '../errors.ts';
import { type Overload, overload } from '../signature.ts';
import { Opaque } from '../values.ts';
import { overFirst } from './cost.ts';

class QuantityValue extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: ParsedQuantity;
  constructor(quantity: ParsedQuantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: Opaque): boolean {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0;
  }
}

const type = 'kubernetes.Quantity';

/** Amounts such as `1500m` and `2Gi`. */
export function quantities(): Overload[] {
  const order = (a: QuantityValue, b: QuantityValue) => compareQuantities(a.quantity, b.quantity);
  return [
    overload(`quantity(string): ${type}`, quantityOf, overFirst()),
    overload('isQuantity(string): bool', (text: string) => isQuantity(text), overFirst()),
    overload(`${type}::sign(): int`, ({ quantity }: QuantityValue) => BigInt(quantitySign(quantity))),
    overload(
      `${type}::isGreaterThan(${type}): bool`,
      (a: QuantityValue, b: QuantityValue) => order(a, b) > 0,
    ),
    overload(`${type}::isLessThan(${type}): bool`, (a: QuantityValue, b: QuantityValue) => order(a, b) < 0),
    overload(`${type}::compareTo(${type}): int`, (a: QuantityValue, b: QuantityValue) => BigInt(order(a, b))),
    overload(`${type}::isInteger(): bool`, ({ quantity }: QuantityValue) => wholeOf(quantity) !== undefined),
    overload(`${type}::asInteger(): int`, asInteger),
    overload(`${type}::asApproximateFloat(): double`, ({ quantity: { unscaled, exponent } }: QuantityValue) =>
      Number(`${unscaled}e${exponent}`),
    ),
    ...arithmetic(),
  ];
}

function arithmetic(): Overload[] {
  const made = (operation: typeof addQuantities) => (a: QuantityValue, b: QuantityValue | bigint) =>
    new QuantityValue(operation(a.quantity, typeof b === 'bigint' ? parseQuantity(String(b)) : b.quantity));
  return ['int', type].flatMap((other) => [
    overload(`${type}::add(${other}): ${type}`, made(addQuantities)),
    overload(`${type}::sub(${other}): ${type}`, made(subtractQuantities)),
  ]);
}

function quantityOf(text: string): QuantityValue {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    throw new CelError((error as Error).message);
  }
}

/** The value, where it is a whole number that 64 bits hold. */
function wholeOf(quantity: ParsedQuantity): bigint | undefined {
  const value = scaledValue(quantity, 0);
  if (compareQuantities(quantity, String(value)) !== 0) return undefined;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function asInteger({ quantity }: QuantityValue): bigint {
  const value = wholeOf(quantity);
  if (value === undefined) throw new CelError('cannot convert value to integer');
  return value;
}
