import type { Pool } from './contribution.ts';

type Elements = Iterable<readonly [key: string, value: string]>;

/** Elements of the maps that lead from a pool to an address. */
export interface PoolElements {
  /** A pool's number and a number below its size, and the backend's number. */
  readonly choices: Elements;
  /** Backends' numbers and addresses. */
  readonly slots: Elements;
  /** Numbers of backends that clients are remembered with. */
  readonly live: Elements;
}

interface Slot {
  readonly number: number;
  /** As it stands in the map. */
  readonly address: string;
}

interface State {
  readonly isSticky: boolean;
  readonly slots: readonly Slot[];
}

/** A pool, and what another moment's state of it has already. */
interface Difference {
  readonly number: number;
  readonly state: State;
  readonly other: State;
}

const none: State = { isSticky: false, slots: [] };

const written = (number: number) => `0x${number.toString(16)}`;

/**
 * The backends of all pools under numbers. A backend keeps its number for as long as it is in its pool, and no other gets it afterwards, so
 * that a client that is remembered with it never comes to another's. A change costs as many elements as there are backends that come or go.
 */
export class Pools {
  readonly #named = new Map<string, Pool & { readonly number: number }>();
  readonly #states = new Map<number, State>();
  /** How pools that have changed stand in the rules. */
  readonly #before = new Map<number, State>();
  #lastNumber = 0;

  /** What a pool has from now on; undefined where it is no more. */
  set(name: string, pool: Pool | undefined): void {
    const known = this.#named.get(name);
    if (known && pool && isSame(known, pool)) return;
    if (!known && !pool) return;
    const number = known?.number ?? this.#next();
    const state = this.#states.get(number) ?? none;
    if (!this.#before.has(number)) this.#before.set(number, state);
    if (pool) {
      this.#named.set(name, { ...pool, number });
      this.#states.set(number, { isSticky: pool.isSticky, slots: this.#slotsOf(pool, state) });
    } else {
      this.#named.delete(name);
      this.#states.delete(number);
    }
  }

  /** Gives all backends of a pool other numbers: clients that are remembered with them choose again. */
  renumber(name: string): void {
    const number = this.#named.get(name)?.number;
    const state = number === undefined ? undefined : this.#states.get(number);
    if (number === undefined || !state) return;
    if (!this.#before.has(number)) this.#before.set(number, state);
    const slots = state.slots.map(({ address }): Slot => ({ number: this.#next(), address }));
    this.#states.set(number, { ...state, slots });
  }

  /** A pool's number, as it stands in maps; of one that is no more, nobody's. */
  numberOf(name: string): string {
    return written(this.#named.get(name)?.number ?? 0);
  }

  /** What is to go and what is to come since `settle`. */
  changes(): { readonly gone: PoolElements; readonly fresh: PoolElements } {
    const numbers = [...this.#before];
    const now = (number: number) => this.#states.get(number) ?? none;
    return {
      gone: elementsOf(numbers.map(([number, state]) => ({ number, state, other: now(number) }))),
      fresh: elementsOf(numbers.map(([number, other]) => ({ number, state: now(number), other }))),
    };
  }

  settle(): void {
    this.#before.clear();
  }

  all(): PoolElements {
    return elementsOf([...this.#states].map(([number, state]) => ({ number, state, other: none })));
  }

  #next(): number {
    this.#lastNumber++;
    return this.#lastNumber;
  }

  /** Those that stay stay in their places, those that come take the places of those that have gone. */
  #slotsOf({ backends }: Pool, { slots }: State): readonly Slot[] {
    const wanted = new Set(backends.map(({ address, port }) => `${address} . ${port}`));
    const known = new Set(slots.map(({ address }) => address));
    const coming = [...wanted].filter((address) => !known.has(address));
    const fresh = coming.map((address): Slot => ({ number: this.#next(), address }));
    return filled(
      slots.map((slot) => (wanted.has(slot.address) ? slot : undefined)),
      fresh,
    );
  }
}

function isSame(one: Pool, other: Pool): boolean {
  const [these, those] = [one.backends, other.backends];
  if (one.isSticky !== other.isSticky || these.length !== those.length) return false;
  return these.every(({ address, port }, i) => those[i]?.address === address && those[i]?.port === port);
}

/** No gaps: what is fresh goes into these, then what stands last. */
function filled(slots: readonly (Slot | undefined)[], fresh: readonly Slot[]): Slot[] {
  const size = slots.filter((slot) => slot !== undefined).length + fresh.length;
  const moving = [...fresh, ...slots.slice(size).filter((slot) => slot !== undefined)].values();
  return Array.from({ length: size }, (_, i) => slots[i] ?? moving.next().value).filter(
    (slot) => slot !== undefined,
  );
}

/** What pools have that another state of them has not; made while it is read, since there may be much. */
const elementsOf = (differences: readonly Difference[]): PoolElements => ({
  choices: choicesOf(differences),
  slots: slotsOf(differences),
  live: liveOf(differences),
});

function* choicesOf(differences: readonly Difference[]): Elements {
  for (const { number, state, other } of differences)
    for (const [i, slot] of state.slots.entries())
      if (other.slots[i]?.number !== slot.number) yield [`${written(number)} . ${i}`, written(slot.number)];
}

function* slotsOf(differences: readonly Difference[]): Elements {
  for (const { state, other } of differences) {
    const known = numbersOf(other);
    for (const { number, address } of state.slots) if (!known.has(number)) yield [written(number), address];
  }
}

function* liveOf(differences: readonly Difference[]): Elements {
  for (const { state, other } of differences) {
    if (!state.isSticky) continue;
    const known = numbersOf(other.isSticky ? other : none);
    for (const { number } of state.slots) if (!known.has(number)) yield [written(number), ''];
  }
}

const numbersOf = ({ slots }: State): ReadonlySet<number> => new Set(slots.map(({ number }) => number));
