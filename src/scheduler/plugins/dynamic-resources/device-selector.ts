import type { Device } from '../../../api/resource/v1.ts';
import { compile, type Program } from '../../../machinery/cel/cel.ts';
import { CelCompileError, CelError } from '../../../machinery/cel/errors.ts';
import { dynType, stringType } from '../../../machinery/cel/types.ts';
import { ArrayList, CelMap, type CelValue, typeNameOf } from '../../../machinery/cel/values.ts';

/** What may be spent on finding out about devices, in units of cost. */
export interface Meter {
  /** Throws where nothing is left. */
  begin(): void;
  spend(cost: number): void;
}

/** Whether a device of a driver satisfies an expression. Throws a CelCompileError, or a CelError where it cannot be evaluated. */
export type DeviceMatcher = (
  expression: string,
  offered: { driver: string; device: Device },
  meter: Meter,
) => boolean;

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

function attributeValue(name: string, attribute: NonNullable<Device['attributes']>[string]): CelValue {
  const { int, bool, string, version, ints, bools, strings, versions } = attribute;
  if (ints) return new ArrayList(ints.map((item) => BigInt(item)));
  if (versions) return new ArrayList(versions.map((item) => made(semver, item)));
  const value = bools ?? strings ?? (int === undefined ? undefined : BigInt(int)) ?? bool ?? string;
  if (Array.isArray(value)) return new ArrayList(value);
  if (value !== undefined) return value;
  if (version === undefined) throw new CelError(`attribute ${name}: unsupported attribute value`);
  return made(semver, version);
}

function deviceValue(driver: string, { attributes = {}, capacity = {}, ...device }: Device): CelValue {
  const given = Object.entries(attributes).map(([name, value]): [string, CelValue] => [
    name,
    attributeValue(name, value),
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
/** So much is remembered of one device. */
const mostOutcomes = 100;
/** What compiling an expression takes, each character, and what making values of a device does, in units of cost. */
const costPerCharacter = 4;
const costOfDevice = 50;

type Outcome = boolean | CelError | CelCompileError;

/** What is known of a device as it stands in a slice. */
interface KnownDevice {
  value?: CelValue;
  outcomes: Map<string, Outcome>;
}

/**
 * Evaluates the expressions of classes and requests, each once for each device: they see nothing else. Keeps those it has compiled.
 */
export function deviceMatcher(): DeviceMatcher {
  const programs = new Map<string, Program | CelCompileError>();
  const devices = new WeakMap<Device, KnownDevice>();
  const programFor = (expression: string, meter: Meter): Program => {
    let program = programs.get(expression);
    if (!program) {
      meter.spend(expression.length * costPerCharacter);
      program = compiled(expression);
      if (programs.size >= mostPrograms) programs.clear();
      programs.set(expression, program);
    }
    if (program instanceof CelCompileError) throw program;
    return program;
  };
  return (expression, { driver, device }, meter) => {
    const known = devices.get(device) ?? { outcomes: new Map<string, Outcome>() };
    devices.set(device, known);
    let outcome = known.outcomes.get(expression);
    if (outcome === undefined) {
      meter.begin();
      meter.spend(costOfDevice);
      outcome = attempt(() => {
        const program = programFor(expression, meter);
        known.value ??= deviceValue(driver, device);
        const { value } = known;
        return asBool(
          program.evaluate(() => value, { costLimit: maxCost, onCost: (cost) => meter.spend(cost) }),
        );
      });
      if (known.outcomes.size >= mostOutcomes) known.outcomes.clear();
      known.outcomes.set(expression, outcome);
    }
    if (typeof outcome === 'boolean') return outcome;
    throw outcome;
  };
}

/** What one evaluation may cost (`CELSelectorExpressionMaxCost`). */
const maxCost = 1_000_000;

function compiled(expression: string): Program | CelCompileError {
  try {
    return compile(expression, { variables: { device: dynType } });
  } catch (error) {
    if (error instanceof CelCompileError) return error;
    throw error;
  }
}

function asBool(value: CelValue): boolean {
  if (typeof value === 'boolean') return value;
  throw new CelError(`CEL result of type ${typeNameOf(value)} could not be converted to bool`);
}

function attempt(work: () => boolean): Outcome {
  try {
    return work();
  } catch (error) {
    if (error instanceof CelError || error instanceof CelCompileError) return error;
    throw error;
  }
}
