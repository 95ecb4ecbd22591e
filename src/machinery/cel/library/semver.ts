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
  const isVersion = (text: string, tolerant = false) => parse(text, tolerant) !== undefined;
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

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

function semverOf(text: string, tolerant: boolean): SemverValue {
  const version = parse(text, tolerant);
  if (!version) throw new CelError('No Major.Minor.Patch elements found');
  return new SemverValue(version);
}

function parse(text: string, tolerant: boolean): Version | undefined {
  const match = pattern.exec(tolerant ? completed(text) : text);
  if (!match) return undefined;
  const pre = match[4]?.split('.') ?? [];
  if (pre.some((part) => /^0\d+$/.test(part))) return undefined;
  return {
    numbers: [BigInt(match[1] as string), BigInt(match[2] as string), BigInt(match[3] as string)],
    pre,
  };
}

/** `v1.02` as `1.2.0`. */
function completed(text: string): string {
  const [whole = '', ...rest] = text.replace(/^v/, '').split(/(?=[-+])/);
  const parts = whole.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  if (rest.length === 0) while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest.join('');
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
