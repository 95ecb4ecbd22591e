import type { Readable } from 'node:stream';
import type { Any } from './api.ts';

export interface WatchedEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: Any;
}

const timeoutMs = 15_000;

/** What a watch has shown so far, in order. */
export class WatchedEvents {
  readonly events: WatchedEvent[] = [];
  readonly #stream: Readable;
  readonly #waiting = new Set<() => void>();
  #rest = '';
  /** The events up to here have been taken by `next`. */
  #taken = 0;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
    // A watch that the test closes breaks off.
    stream.on('error', () => {});
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) this.events.push(JSON.parse(line));
    for (const look of this.#waiting) look();
  }

  /** `TYPE name` of each event so far. */
  get seen(): string[] {
    return this.events.map(({ type, object }) => `${type} ${object.metadata?.name}`);
  }

  /** Resolves once `find` gives something; it is called after each event. */
  until<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        act();
      };
      const look = () => {
        const found = find();
        if (found !== undefined) settle(() => resolve(found));
      };
      const late = () => reject(new Error(`not shown by the watch; it had: ${this.seen.join(', ')}`));
      const timer = setTimeout(() => settle(late), timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }

  /** The next event of a type (about an object of a name), behind the last one that was asked for. */
  next(type: WatchedEvent['type'], name?: string): Promise<WatchedEvent> {
    return this.until(() => {
      const index = this.events.findIndex(
        (event, i) =>
          i >= this.#taken && event.type === type && (!name || event.object.metadata.name === name),
      );
      if (index < 0) return undefined;
      this.#taken = index + 1;
      return this.events[index];
    });
  }

  close(): void {
    this.#stream.destroy();
  }
}
