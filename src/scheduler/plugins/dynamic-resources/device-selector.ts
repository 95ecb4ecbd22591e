import type { Device } from '../../../api/resource/v1.ts';
import { compile, type Program } from '../../../machinery/cel/cel.ts';
import { dynType, stringType } from '../../../machinery/cel/types.ts';
import { ArrayList, CelMap, type CelValue } from '../../../machinery/cel/values.ts';

/** Whether a device satisfies an expression. Throws where the expression cannot be evaluated for it. */
export type DeviceMatcher = (expression: string, driver: string, device: Device) => boolean;

/** A map of named values; where asked for, one that is missing is an empty map. */
class Named extends CelMap {
  readonly #values: ReadonlyMap<string, CelValue>;
  readonly #missing: CelValue | undefined;

  constructor(values: ReadonlyMap<string, CelValue>, missing?: CelValue) {
    super();
    this.#values = values;
    this.#missing = missing;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: CelValue): CelValue | undefined {
    return (typeof key === 'string' ? this.#values.get(key) : undefined) ?? this.#missing;
  }

  override has(key: CelValue): boolean {
    return typeof key === 'string' && this.#values.has(key);
  }

  keys(): Iterable<CelValue> {
    return this.#values.keys();
  }
}

const nothing = new Named(new Map());

/** A name without a domain is in that of the driver. */
function byDomain(driver: string, entries: Iterable<[string, CelValue]>): Named {
  const domains = new Map<string, Map<string, CelValue>>();
  for (const [name, value] of entries) {
    const slash = name.indexOf('/');
    const domain = slash < 0 ? driver : name.slice(0, slash);
    const values = domains.get(domain) ?? new Map<string, CelValue>();
    domains.set(domain, values.set(name.slice(slash + 1), value));
  }
  const named = [...domains].map(([domain, values]): [string, CelValue] => [domain, new Named(values)]);
  return new Named(new Map(named), nothing);
}

const parse = { variables: { text: stringType } };
const quantity = compile('quantity(text)', parse);
const semver = compile('semver(text)', parse);
const made = (program: Program, text: string) => program.evaluate(() => text);

function attributeValue(attribute: NonNullable<Device['attributes']>[string]): CelValue {
  const { int, bool, string, version, ints, bools, strings, versions } = attribute;
  if (int !== undefined) return BigInt(int);
  if (version !== undefined) return made(semver, version);
  if (ints) return new ArrayList(ints.map((item) => BigInt(item)));
  if (versions) return new ArrayList(versions.map((item) => made(semver, item)));
  const list = bools ?? strings;
  return list ? new ArrayList(list) : (bool ?? string ?? null);
}

function deviceValue(driver: string, { attributes = {}, capacity = {}, ...device }: Device): CelValue {
  const given = Object.entries(attributes).map(([name, value]): [string, CelValue] => [
    name,
    attributeValue(value),
  ]);
  const amounts = Object.entries(capacity).map(([name, { value }]): [string, CelValue] => [
    name,
    made(quantity, value),
  ]);
  return new Named(
    new Map<string, CelValue>([
      ['driver', driver],
      ['attributes', byDomain(driver, given)],
      ['capacity', byDomain(driver, amounts)],
      ['allowMultipleAllocations', device.allowMultipleAllocations ?? false],
    ]),
  );
}

const mostPrograms = 1000;

/** Evaluates the expressions of classes and requests; keeps those it has compiled. */
export function deviceMatcher(): DeviceMatcher {
  const programs = new Map<string, Program>();
  return (expression, driver, device) => {
    let program = programs.get(expression);
    if (!program) {
      program = compile(expression, { variables: { device: dynType } });
      if (programs.size >= mostPrograms) programs.clear();
      programs.set(expression, program);
    }
    return program.evaluate(() => deviceValue(driver, device)) === true;
  };
}
