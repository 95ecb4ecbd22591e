import type { Entry } from '../../store/store.ts';
import type { Opened } from './transformer.ts';

/** Reads stored bytes; throws a TransformError where that cannot be done. */
export type OpenEntry = (stored: Uint8Array) => Opened;

/** An entry whose value is decrypted when somebody first asks for it; asking for what cannot be throws a TransformError. */
export class OpenedEntry implements Entry {
  readonly key: string;
  readonly revision: number;
  readonly createRevision: number;
  readonly #stored: Entry;
  readonly #open: OpenEntry;
  #opened: Opened | undefined;

  constructor(stored: Entry, open: OpenEntry) {
    this.key = stored.key;
    this.revision = stored.revision;
    this.createRevision = stored.createRevision;
    this.#stored = stored;
    this.#open = open;
  }

  get value(): Uint8Array {
    return this.#read().value;
  }

  /** Whether the value would be encrypted in another way now. */
  get isStale(): boolean {
    return this.#read().stale;
  }

  #read(): Opened {
    this.#opened ??= this.#open(this.#stored.value);
    return this.#opened;
  }
}
