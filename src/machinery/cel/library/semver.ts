import { goQuote } from '../../go-text.ts';
import { CelError } from '../errors.ts';
import { type Overload, overload } from '../signature.ts';
import { Opaque } from '../values.ts';
import { overFirst } from './cost.ts';

interface Version {
  numbers: readonly [bigint, bigint, bigint];
  pre: readonly string[];
}

class SemverValue extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  readonly version: Version;
  constructor(version: Version) {
    super();
    this.version = version;
  }
  equals(other: Opaque): boolean {
    return other instanceof SemverValue && compareVersions(this.version, other.version) === 0;
  }
}

const type = 'kubernetes.Semver';

/** Semantic versions. */
export function semver(): Overload[] {
  const order = (a: SemverValue, b: SemverValue) => compareVersions(a.version, b.version);
  const part = (name: string, index: 0 | 1 | 2) =>
    overload(`${type}::${name}(): int`, ({ version }: SemverValue) => version.numbers[index]);
  const isVersion = (text: string, tolerant = false) => typeof parse(text, tolerant) !== 'string';
  return [
    overload(`semver(string): ${type}`, (text: string) => semverOf(text, false), overFirst()),
    overload(`semver(string, bool): ${type}`, semverOf, overFirst()),
    overload('isSemver(string): bool', isVersion, overFirst()),
    overload('isSemver(string, bool): bool', isVersion, overFirst()),
    overload(`${type}::isGreaterThan(${type}): bool`, (a: SemverValue, b: SemverValue) => order(a, b) > 0),
    overload(`${type}::isLessThan(${type}): bool`, (a: SemverValue, b: SemverValue) => order(a, b) < 0),
    overload(`${type}::compareTo(${type}): int`, (a: SemverValue, b: SemverValue) => BigInt(order(a, b))),
    part('major', 0),
    part('minor', 1),
    part('patch', 2),
  ];
}

function semverOf(text: string, tolerant: boolean): SemverValue {
  const version = parse(text, tolerant);
  if (typeof version === 'string') throw new CelError(version);
  return new SemverValue(version);
}

const maxNumber = 2n ** 64n - 1n;

/** A number of a version, or what upstream says is wrong with it. `what` begins with a capital. */
function numberOf(text: string, what: string): bigint | string {
  if (/[^0-9]/.test(text))
    return `Invalid character(s) found in ${what.toLowerCase()} number ${goQuote(text)}`;
  if (/^0./.test(text)) return `${what} number must not contain leading zeroes ${goQuote(text)}`;
  return unsigned(text);
}

function unsigned(text: string): bigint | string {
  const fault = (why: string) => `strconv.ParseUint: parsing ${goQuote(text)}: ${why}`;
  if (text === '') return fault('invalid syntax');
  const value = BigInt(text);
  return value > maxNumber ? fault('value out of range') : value;
}

function preFault(part: string): string | undefined {
  if (part === '') return 'Prerelease is empty';
  if (/[^0-9A-Za-z-]/.test(part)) return `Invalid character(s) found in prerelease ${goQuote(part)}`;
  if (/[^0-9]/.test(part)) return undefined;
  if (/^0./.test(part)) return `Numeric PreRelease version must not contain leading zeroes ${goQuote(part)}`;
  const value = unsigned(part);
  return typeof value === 'string' ? value : undefined;
}

function buildFault(part: string): string | undefined {
  if (part === '') return 'Build meta data is empty';
  if (!/[^0-9A-Za-z-]/.test(part)) return undefined;
  return `Invalid character(s) found in build meta data ${goQuote(part)}`;
}

/** The parts of a text, the last of which may hold more of the separators. */
function threeParts(text: string): string[] {
  const [major = '', minor, ...rest] = text.split('.');
  if (minor === undefined) return [major];
  return rest.length === 0 ? [major, minor] : [major, minor, rest.join('.')];
}

/** A version, or what upstream says is wrong with it. */
function parse(text: string, tolerant: boolean): Version | string {
  const whole = tolerant ? completed(text) : text;
  if (whole === undefined) return 'short version cannot contain PreRelease/Build meta data';
  if (whole === '') return 'Version string empty';
  const [major, minor, last] = threeParts(whole) as [string, string?, string?];
  if (minor === undefined || last === undefined) return 'No Major.Minor.Patch elements found';
  const [front = '', ...build] = last.split(/\+(.*)/s);
  const [patch = '', ...pre] = front.split(/-(.*)/s);
  const numbers: bigint[] = [];
  for (const [what, part] of Object.entries({ Major: major, Minor: minor, Patch: patch })) {
    const number = numberOf(part, what);
    if (typeof number === 'string') return number;
    numbers.push(number);
  }
  const preParts = pre.length > 0 ? (pre[0] as string).split('.') : [];
  const buildParts = build.length > 0 ? (build[0] as string).split('.') : [];
  const faults = [...preParts.map(preFault), ...buildParts.map(buildFault)];
  const fault = faults.find((text) => text !== undefined);
  return fault ?? { numbers: numbers as [bigint, bigint, bigint], pre: preParts };
}

/** `v1.02` as `1.2.0`; undefined of what is short and has more than numbers. */
function completed(text: string): string | undefined {
  const parts = threeParts(text.replace(/^v/, '')).map((part) => {
    if (part.length < 2) return part;
    const trimmed = part.replace(/^0+/, '');
    return /^[0-9]/.test(trimmed) ? trimmed : `0${trimmed}`;
  });
  if (parts.length < 3 && /[-+]/.test(parts.at(-1) as string)) return undefined;
  while (parts.length < 3) parts.push('0');
  return parts.join('.');
}

function compareVersions(a: Version, b: Version): -1 | 0 | 1 {
  for (const [i, number] of a.numbers.entries()) {
    const other = b.numbers[i] as bigint;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return sign(b.pre.length - a.pre.length);
  for (const [i, part] of a.pre.entries()) {
    const other = b.pre[i];
    const order = other === undefined ? 1 : comparePre(part, other);
    if (order !== 0) return sign(order);
  }
  return sign(a.pre.length - b.pre.length);
}

const sign = (value: number) => Math.sign(value) as -1 | 0 | 1;

/** Numbers come before words. */
function comparePre(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  if (isNumberA) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  return a < b ? -1 : a > b ? 1 : 0;
}
