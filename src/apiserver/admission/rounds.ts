/**
 * Mutating plugins run a second time where something that comes late has changed an object after others have seen it.
 * Plugins that call out keep here what they have to know about the first time.
 */
export class Rounds {
  #second = false;
  #wanted = false;
  #notes: Map<object, unknown> | undefined;

  /** Whether this is the second time. */
  get second(): boolean {
    return this.#second;
  }

  /** Asks for a second time; there is no third. */
  want(): void {
    this.#wanted = true;
  }

  /** Whether the second time begins now. */
  startSecond(): boolean {
    if (this.#second || !this.#wanted) return false;
    this.#second = true;
    return true;
  }

  /** What a plugin has noted about this request. */
  notesOf<T>(plugin: object, make: () => T): T {
    this.#notes ??= new Map();
    const known = this.#notes.get(plugin) as T | undefined;
    if (known) return known;
    const made = make();
    this.#notes.set(plugin, made);
    return made;
  }
}
