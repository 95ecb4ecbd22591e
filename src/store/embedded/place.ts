import { fileIdNow } from '../../platform/files.ts';

/**
 * Whether a file that is open still stands where it was opened. What is written to one that was removed or replaced reaches the disk and is
 * lost all the same: nobody finds it there any more.
 */
export class Place {
  readonly #path: string;
  readonly #id: string | undefined;
  readonly #onChange: (trouble: string | undefined) => void;
  #trouble: string | undefined;

  /** `onChange` is told when something is wrong, and when it is so no longer. */
  constructor(path: string, onChange: (trouble: string | undefined) => void) {
    this.#path = path;
    this.#id = fileIdNow(path);
    this.#onChange = onChange;
  }

  /** What is wrong now; undefined where the file stands in its place. */
  look(): string | undefined {
    const now = fileIdNow(this.#path);
    const trouble = now === this.#id ? undefined : `${this.#path} ${now ? 'is another file now' : 'is gone'}`;
    if (trouble !== this.#trouble) {
      this.#trouble = trouble;
      this.#onChange(trouble);
    }
    return trouble;
  }
}
