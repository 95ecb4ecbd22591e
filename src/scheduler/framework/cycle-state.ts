/** A value that goes its own way when the state it stands in is copied. */
interface Cloneable {
  clone(): unknown;
}

const isCloneable = (value: unknown): value is Cloneable =>
  typeof value === 'object' && value !== null && typeof (value as Cloneable).clone === 'function';

/** Values that a plugin's earlier steps hand to its later ones, for one pod. */
export class CycleState {
  readonly #values: Map<string, unknown>;

  constructor(values: Iterable<[string, unknown]> = []) {
    this.#values = new Map(values);
  }

  get<T>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, value);
  }

  /** A copy for trying something out; values with a `clone` method are copied, the others shared. */
  clone(): CycleState {
    const copied = [...this.#values].map(([key, value]): [string, unknown] => [
      key,
      isCloneable(value) ? value.clone() : value,
    ]);
    return new CycleState(copied);
  }
}
