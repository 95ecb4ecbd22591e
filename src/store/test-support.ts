import { VirtualClock } from '../platform/virtual-clock.ts';
import { LogStore } from './core/log-store.ts';
import type { Batch, LogEngine } from './core/log.ts';
import type { Commit, Store, StoreError, StoreEvent, WatchBatch, Watcher } from './store.ts';

/** What a test can do to the flushes of a store. */
export interface Faults {
  /** Lets no flush begin until `release`. */
  hold(): void;
  release(): void;
  /** Makes the next flush fail. */
  failNext(): void;
  /** How many flushes have begun. */
  flushes(): number;
  /** Whether a flush is under way. */
  busy(): boolean;
}

/** One backend under test. */
export interface Harness {
  clock: VirtualClock;
  faults: Faults;
  /** Opens the store; once more after `close`, where the backend outlives that. */
  open(options?: { historyMs?: number; historyBytes?: number }): Promise<Store>;
  dispose(): Promise<void>;
}

/** A harness for a backend that is a log on an engine. */
export function logHarness(openEngine: () => Promise<LogEngine>, dispose?: () => Promise<void>): Harness {
  const clock = new VirtualClock();
  const gate = new Gate();
  const stores: Store[] = [];
  return {
    clock,
    faults: gate,
    async open({ historyMs = 3_600_000, historyBytes = 1 << 30 } = {}) {
      const engine = gated(await openEngine(), gate);
      const store = new LogStore({ engine, clock, history: { ageMs: historyMs, bytes: historyBytes } });
      stores.push(store);
      return store;
    },
    async dispose() {
      gate.release();
      for (const store of stores) await store.close();
      await dispose?.();
    },
  };
}

class Gate implements Faults {
  #opened: Promise<void> = Promise.resolve();
  #open = () => {};
  #fail = false;
  #flushes = 0;
  #done = 0;

  hold(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  failNext(): void {
    this.#fail = true;
  }

  flushes(): number {
    return this.#flushes;
  }

  busy(): boolean {
    return this.#flushes > this.#done;
  }

  async pass(write: () => Promise<void>): Promise<void> {
    this.#flushes++;
    await this.#opened;
    const fails = this.#fail;
    this.#fail = false;
    try {
      if (fails) throw new Error('no space left');
      await write();
    } finally {
      this.#done++;
    }
  }
}

function gated(engine: LogEngine, gate: Gate): LogEngine {
  const write = (batch: Batch) => gate.pass(() => engine.write(batch));
  return new Proxy(engine, {
    get(target, name) {
      if (name === 'write') return write;
      const found = Reflect.get(target, name, target) as unknown;
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

/** A watcher that remembers what it was told. */
export class Recorder implements Watcher {
  readonly batches: WatchBatch[] = [];
  ended: StoreError | undefined;

  onBatch(batch: WatchBatch): void {
    this.batches.push(batch);
  }

  onEnd(error: StoreError): void {
    this.ended = error;
  }

  /** One line an event, such as `put /a=1 @5` or `delete /a @6`. */
  lines(): string[] {
    return this.batches.flatMap((batch) => batch.events.map(line));
  }
}

function line(event: StoreEvent): string {
  if (event.type === 'delete') return `delete ${event.key} @${event.revision}`;
  return `put ${event.entry.key}=${text(event.entry)} @${event.entry.revision}`;
}

export function bytes(value: string): Uint8Array {
  return Buffer.from(value);
}

export function text(entry: { value: Uint8Array } | undefined): string | undefined {
  return entry && Buffer.from(entry.value).toString();
}

/** A commit of one put. */
export function put(key: string, value: string, expected?: number): Commit {
  return { writes: [{ type: 'put', key, value: bytes(value), expected }] };
}

/** A commit of one deletion. */
export function del(key: string, expected?: number): Commit {
  return { writes: [{ type: 'delete', key, expected }] };
}

/** Lets the event loop go round until `check` holds. */
export async function until(check: () => boolean | Promise<boolean>, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error('Waited in vain');
    await turn();
  }
}

/** Lets everything run that is due, a few times over. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
