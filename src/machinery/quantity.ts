/** How a quantity prints: `12M`, `12Mi` or `12e6`. It keeps the form that it was given in. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** A quantity taken apart: `unscaled` × 10^`exponent`. Exact; never a floating point number. */
export interface ParsedQuantity {
  readonly unscaled: bigint;
  readonly exponent: number;
  readonly format: QuantityFormat;
  /** The text it was read from, where upstream would print that again. */
  readonly text?: string;
}

/** A quantity, taken apart or as it stands in an object. */
export type QuantityLike = ParsedQuantity | string | number;

/** Text that is no quantity; the messages are upstream's. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const formatWrong =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const numericWrong = 'unable to parse numeric part of quantity';
const suffixWrong = "unable to parse quantity's suffix";

const decimalSuffixes: Record<string, number> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binarySuffixes: Record<string, number> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalNames = new Map(Object.entries(decimalSuffixes).map(([name, exponent]) => [exponent, name]));
const binaryNames = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const nano = -9;
const maxInt64 = 2n ** 63n - 1n;
/** Longer texts and larger exponents mean nothing and would make arithmetic slow. */
const maxTextLength = 400;
const maxExponent = 400;

interface Suffix {
  base: 2 | 10;
  exponent: number;
  format: QuantityFormat;
}

function interpretSuffix(suffix: string): Suffix | undefined {
  if (Object.hasOwn(decimalSuffixes, suffix)) {
    return { base: 10, exponent: decimalSuffixes[suffix] as number, format: 'DecimalSI' };
  }
  if (Object.hasOwn(binarySuffixes, suffix)) {
    return { base: 2, exponent: binarySuffixes[suffix] as number, format: 'BinarySI' };
  }
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) return undefined;
  return { base: 10, exponent: Number(suffix.slice(1)), format: 'DecimalExponent' };
}

const pow10 = (n: number) => 10n ** BigInt(n);
const abs = (n: bigint) => (n < 0n ? -n : n);

/** Divides by 10^`digits`, rounding away from zero. */
function divideUp(value: bigint, digits: number): bigint {
  const divisor = pow10(digits);
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** Whether upstream prints the text as it was given, since it takes it for canonical. */
function keepsText(digits: string, exponent: number, suffix: Suffix): boolean {
  if (suffix.format === 'BinarySI') return exponent === 0 && (BigInt(digits) & 7n) !== 0n;
  return exponent % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
}

/** More digits than these take the slow way upstream, which forgets the text. */
function fitsFastPath(whole: string, fraction: string, suffix: Suffix): boolean {
  if (suffix.format !== 'BinarySI') return whole.length + fraction.length <= 18;
  return fraction === '' && 14 - whole.length - Math.trunc(suffix.exponent * 0.3) >= 0;
}

function assemble(
  text: string,
  whole: string,
  fraction: string,
  suffix: Suffix,
  negative: boolean,
): ParsedQuantity {
  const digits = whole + fraction;
  let unscaled = BigInt(digits);
  let exponent = -fraction.length + (suffix.base === 10 ? suffix.exponent : 0);
  const fast = exponent >= nano && fitsFastPath(whole, fraction, suffix);
  const text_ = fast && keepsText(digits, exponent, suffix) ? { text } : undefined;
  if (suffix.base === 2) unscaled <<= BigInt(suffix.exponent);
  if (exponent < nano) {
    unscaled = exponent < -maxExponent ? (unscaled === 0n ? 0n : 1n) : divideUp(unscaled, nano - exponent);
    exponent = nano;
  }
  let format = suffix.format;
  if (format === 'BinarySI') {
    const one = pow10(-exponent);
    if (unscaled > maxInt64 * one) unscaled = maxInt64 * one;
    if (unscaled > 0n && unscaled < one) format = 'DecimalSI';
  }
  return { unscaled: negative ? -unscaled : unscaled, exponent, format, ...text_ };
}

/**
 * Reads a quantity the way `resource.ParseQuantity` does, oddities included (a missing number is zero, digits beyond
 * the ninth are rounded away from zero). Throws QuantityError.
 */
export function parseQuantity(text: string | number): ParsedQuantity {
  const source = typeof text === 'number' ? String(text) : text;
  const known = lately.get(source);
  if (known) return known;
  const quantity = read(source);
  if (lately.size >= maxRemembered) lately.clear();
  lately.set(source, quantity);
  return quantity;
}

/** A cluster's objects say the same few amounts over and over, and each is read by many: validation, quota, scheduler. */
const lately = new Map<string, ParsedQuantity>();
const maxRemembered = 4096;

function read(source: string): ParsedQuantity {
  if (source === '' || source.length > maxTextLength) throw new QuantityError(formatWrong);
  const match = /^([+-]?)0*(?!0)([0-9]*)(?![0-9])(?:\.([0-9]*)(?![0-9]))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(
    source,
  );
  if (!match) throw new QuantityError(formatWrong);
  const [, sign, whole, fraction = '', suffixText] = match as unknown as string[];
  const suffix = interpretSuffix(suffixText as string);
  if (!suffix) throw new QuantityError(suffixWrong);
  if (suffix.exponent > maxExponent) throw new QuantityError(numericWrong);
  return assemble(source, whole || '0', fraction, suffix, sign === '-');
}

/** A quantity from a whole number: `value` × 10^`exponent`. */
export function quantityOf(
  value: number | bigint,
  format: QuantityFormat = 'DecimalSI',
  exponent = 0,
): ParsedQuantity {
  return { unscaled: BigInt(value), exponent, format };
}

const parsed = (q: QuantityLike): ParsedQuantity => (typeof q === 'object' ? q : parseQuantity(q));

/** Takes factors of `base` out of a number. */
function removeFactors(value: bigint, base: bigint): [bigint, number] {
  let times = 0;
  let rest = value;
  while (rest !== 0n && rest % base === 0n) {
    rest /= base;
    times++;
  }
  return [rest, times];
}

function formatDecimal(q: ParsedQuantity, format: QuantityFormat): string {
  const [mantissa, times] = removeFactors(q.unscaled, 10n);
  const exact = q.exponent + times;
  // Upstream has no suffix beyond E and would print the bare mantissa; keeping to E keeps the value.
  const largest = format === 'DecimalSI' ? 18 : Number.MAX_SAFE_INTEGER;
  const exponent = Math.min(exact - (((exact % 3) + 3) % 3), largest);
  const number = String(mantissa * pow10(exact - exponent));
  if (format === 'DecimalSI') return number + (decimalNames.get(exponent) as string);
  return exponent === 0 ? number : `${number}e${exponent}`;
}

/** The number as a whole one, or undefined if it has a fraction. */
function asInteger(q: ParsedQuantity): bigint | undefined {
  if (q.exponent >= 0) return q.unscaled * pow10(q.exponent);
  const divisor = pow10(-q.exponent);
  return q.unscaled % divisor === 0n ? q.unscaled / divisor : undefined;
}

function formatBinary(q: ParsedQuantity): string {
  const whole = asInteger(q);
  if (whole === undefined || abs(whole) < 1024n) return formatDecimal(q, 'DecimalSI');
  let [mantissa, times] = removeFactors(whole, 1024n);
  for (; times > 6; times--) mantissa *= 1024n;
  return `${mantissa}${binaryNames[times]}`;
}

/** The canonical text, as upstream prints it. */
export function formatQuantity(q: ParsedQuantity): string {
  if (q.text !== undefined) return q.text;
  if (q.unscaled === 0n) return '0';
  return q.format === 'BinarySI' ? formatBinary(q) : formatDecimal(q, q.format);
}

/** What upstream prints after reading this text. Throws QuantityError. */
export function canonicalQuantity(text: string | number): string {
  return formatQuantity(parseQuantity(text));
}

/** Whether the text is a quantity. */
export function isQuantity(text: string | number): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

/** Both numbers over the smaller of the two exponents. */
function align(a: ParsedQuantity, b: ParsedQuantity): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [a.unscaled * pow10(a.exponent - exponent), b.unscaled * pow10(b.exponent - exponent), exponent];
}

/** -1, 0 or 1, by value alone. */
export function compareQuantities(a: QuantityLike, b: QuantityLike): -1 | 0 | 1 {
  const [x, y] = align(parsed(a), parsed(b));
  return x < y ? -1 : x > y ? 1 : 0;
}

function combine(a: QuantityLike, b: QuantityLike, sign: 1n | -1n): ParsedQuantity {
  const [left, right] = [parsed(a), parsed(b)];
  const [x, y, exponent] = align(left, right);
  const format = left.unscaled === 0n ? right.format : left.format;
  return { unscaled: x + sign * y, exponent, format };
}

/** The sum; it has the format of `a`, or that of `b` if `a` is zero. */
export function addQuantities(a: QuantityLike, b: QuantityLike): ParsedQuantity {
  return combine(a, b, 1n);
}

/** The difference; formats as with the sum. */
export function subtractQuantities(a: QuantityLike, b: QuantityLike): ParsedQuantity {
  return combine(a, b, -1n);
}

/** `q` / 10^`exponent`, rounded away from zero. */
export function scaledValue(q: QuantityLike, exponent: number): bigint {
  const { unscaled, exponent: own } = parsed(q);
  return own >= exponent ? unscaled * pow10(own - exponent) : divideUp(unscaled, exponent - own);
}

/** The quantity rounded up to a whole number, as it is where it is one. */
export function wholeQuantity(q: ParsedQuantity): ParsedQuantity {
  return asInteger(q) === undefined ? quantityOf(scaledValue(q, 0), q.format) : q;
}

/** The value rounded up to a whole number; exact up to 2^53. */
export function quantityValue(q: QuantityLike): number {
  return Number(scaledValue(q, 0));
}

/** The value in thousandths, rounded up; exact up to 2^53. */
export function milliValue(q: QuantityLike): number {
  return Number(scaledValue(q, -3));
}

/** -1, 0 or 1. */
export function quantitySign(q: QuantityLike): -1 | 0 | 1 {
  const { unscaled } = parsed(q);
  return unscaled < 0n ? -1 : unscaled > 0n ? 1 : 0;
}
