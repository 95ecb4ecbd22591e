import type { Entry } from '../../store/store.ts';
import { TransformError } from './transform-error.ts';
import type { Opened } from './transformer.ts';

/** How the bytes of one entry are read. */
export interface EntryOpener {
  /** Throws a TransformError where that cannot be done. */
  open(stored: Uint8Array): Opened;
  /** See `Transformer.prepare`. */
  prepare(stored: Uint8Array, options: { again: boolean }): Promise<void> | undefined;
}

/** An entry whose value is decrypted when somebody first asks for it; asking for what cannot be throws a TransformError. */
export class OpenedEntry implements Entry {
  readonly key: string;
  readonly revision: number;
  readonly createRevision: number;
  readonly #stored: Entry;
  readonly #opener: EntryOpener;
  #opened: Opened | undefined;
  /** Why it could not be opened ahead. */
  #failure: TransformError | undefined;

  constructor(stored: Entry, opener: EntryOpener) {
    this.key = stored.key;
    this.revision = stored.revision;
    this.createRevision = stored.createRevision;
    this.#stored = stored;
    this.#opener = opener;
  }

  get value(): Uint8Array {
    return this.#read().value;
  }

  /** Whether the value would be encrypted in another way now. */
  get isStale(): boolean {
    return this.#read().stale;
  }

  /** Gets what it takes to read the value; undefined where that is here. Never rejects. */
  prepare(options: { again: boolean }): Promise<void> | undefined {
    this.#failure = undefined;
    return this.#opened ? undefined : this.#opener.prepare(this.#stored.value, options);
  }

  /** Decrypts the value now, for whoever asks for it later. */
  openAhead(): void {
    try {
      this.#read();
    } catch (error) {
      if (!(error instanceof TransformError)) throw error;
      this.#failure = error;
    }
  }

  #read(): Opened {
    if (this.#failure) throw this.#failure;
    this.#opened ??= this.#opener.open(this.#stored.value);
    return this.#opened;
  }
}
