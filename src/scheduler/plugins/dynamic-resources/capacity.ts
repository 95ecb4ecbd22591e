import type {
  CapacityRequestPolicy,
  CapacityRequirements,
  Device,
  DeviceCapacity,
} from '../../../api/resource/v1.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type ParsedQuantity,
  parseQuantity,
  quantityOf,
  quantityValue,
} from '../../../machinery/quantity.ts';
import { own } from '../../../machinery/own.ts';

/** Amounts of a device's capacity by name. */
export type Amounts = ReadonlyMap<string, ParsedQuantity>;

const nothing: Amounts = new Map();

/** Amounts from how the API writes them. */
export const readAmounts = (amounts: Readonly<Record<string, string>> = {}): Amounts =>
  new Map(Object.entries(amounts).map(([name, text]) => [name, parseQuantity(text)]));

export const writeAmounts = (amounts: Amounts): Record<string, string> =>
  Object.fromEntries([...amounts].map(([name, amount]) => [name, formatQuantity(amount)]));

/** What a request takes of each capacity of a device; undefined where it cannot have that. */
export function shareOf(
  { capacity = {} }: Device,
  { requests = {} }: CapacityRequirements = {},
): Amounts | undefined {
  if (Object.keys(requests).some((name) => !Object.hasOwn(capacity, name))) return undefined;
  const share = new Map<string, ParsedQuantity>();
  for (const [name, capacityOf] of Object.entries(capacity)) {
    const amount = amountFor(own(requests, name), capacityOf);
    if (violates(amount, capacityOf.requestPolicy)) return undefined;
    share.set(name, amount);
  }
  return share;
}

/** The next amount that there is; all of it, or what the policy says, where the request names none. */
function amountFor(asked: string | undefined, { value, requestPolicy }: DeviceCapacity): ParsedQuantity {
  if (asked === undefined) return parseQuantity(requestPolicy?.default ?? value);
  const { validRange, validValues } = requestPolicy ?? {};
  if (validRange) return withinRange(asked, validRange);
  const next = validValues?.find((known) => compareQuantities(asked, known) <= 0);
  return parseQuantity(next ?? asked);
}

function withinRange(
  asked: string,
  { min, step }: NonNullable<CapacityRequestPolicy['validRange']>,
): ParsedQuantity {
  if (compareQuantities(asked, min) < 0) return parseQuantity(min);
  if (step === undefined) return parseQuantity(asked);
  const [least, width] = [quantityValue(min), quantityValue(step)];
  return quantityOf(least + width * Math.ceil((quantityValue(asked) - least) / width), 'BinarySI');
}

function violates(amount: ParsedQuantity, policy: CapacityRequestPolicy | undefined): boolean {
  if (!policy || (policy.default && compareQuantities(amount, policy.default) === 0)) return false;
  const { validRange, validValues } = policy;
  if (!validRange)
    return validValues?.length ? !validValues.some((v) => compareQuantities(v, amount) === 0) : false;
  const { min, max, step } = validRange;
  if (max !== undefined && compareQuantities(amount, max) > 0) return true;
  return step !== undefined && (quantityValue(amount) - quantityValue(min)) % quantityValue(step) !== 0;
}

/** How much of each device is given out, as shares are taken and given back. */
export class CapacityBook {
  readonly #used: Map<string, Amounts>;

  /** `used` says what is taken already, by device; it is not changed. */
  constructor(used: ReadonlyMap<string, Amounts>) {
    this.#used = new Map(used);
  }

  /** Whether somebody has a share of a device. */
  isUsed(id: string): boolean {
    return this.#used.has(id);
  }

  hasRoomFor(id: string, { capacity = {} }: Device, share: Amounts): boolean {
    const used = this.#used.get(id) ?? nothing;
    return [...share].every(([name, amount]) => {
      const before = used.get(name);
      const after = before ? addQuantities(before, amount) : amount;
      return compareQuantities(after, own(capacity, name)?.value ?? '0') <= 0;
    });
  }

  /** Gives what undoes it. */
  take(id: string, share: Amounts): () => void {
    const before = this.#used.get(id);
    this.#used.set(id, addAmounts(before, share));
    return () => {
      if (before) this.#used.set(id, before);
      else this.#used.delete(id);
    };
  }
}

/** The sum of both. */
export function addAmounts(a: Amounts = nothing, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [name, amount] of b) {
    const before = sum.get(name);
    sum.set(name, before ? addQuantities(before, amount) : amount);
  }
  return sum;
}
