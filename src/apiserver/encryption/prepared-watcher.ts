import type { StoreError, StoreEvent, WatchBatch, Watcher } from '../../store/store.ts';
import { OpenedEntry } from './opened-entry.ts';

/** The event for later, with what stood there before, which may be forgotten by then. */
function kept(event: StoreEvent): StoreEvent {
  if (event.type === 'put') return { type: 'put', entry: event.entry, previous: event.previous };
  return { type: 'delete', key: event.key, revision: event.revision, previous: event.previous };
}

/** What it takes to read an event. What could not be had before is left for those who ask again and again: nobody else is to wait for it. */
const waitFor = (event: StoreEvent) =>
  event.type === 'put' && event.entry instanceof OpenedEntry
    ? event.entry.prepare({ again: false })
    : undefined;

/**
 * Tells a watcher of events once what it takes to read them is here, in their order. Each is told at once as long as nothing has to be
 * waited for.
 */
export class PreparedWatcher implements Watcher {
  readonly #watcher: Watcher;
  readonly #opened: (event: StoreEvent) => StoreEvent;
  /** Resolves once everything that waits has been told; undefined where nothing does. */
  #waiting: Promise<void> | undefined;
  #isStopped = false;

  constructor(watcher: Watcher, opened: (event: StoreEvent) => StoreEvent) {
    this.#watcher = watcher;
    this.#opened = opened;
  }

  onBatch(batch: WatchBatch): void {
    const events = batch.events.map(this.#opened);
    const waits = events.flatMap((event) => waitFor(event) ?? []);
    if (waits.length === 0 && !this.#waiting) return this.#watcher.onBatch({ ...batch, events });
    const later = { ...batch, events: events.map(kept) };
    this.#tell(() => this.#watcher.onBatch(later), waits);
  }

  onProgress(revision: number): void {
    this.#inOrder(() => this.#watcher.onProgress?.(revision));
  }

  onEnd(error: StoreError): void {
    this.#inOrder(() => this.#watcher.onEnd(error));
  }

  stop(): void {
    this.#isStopped = true;
  }

  #inOrder(tell: () => void): void {
    if (this.#waiting) this.#tell(tell, []);
    else tell();
  }

  #tell(tell: () => void, waits: readonly Promise<void>[]): void {
    const told = Promise.all([this.#waiting, ...waits]).then(() => {
      if (this.#waiting === told) this.#waiting = undefined;
      if (!this.#isStopped) tell();
    });
    this.#waiting = told;
  }
}
