import type { Database, RootDatabase } from 'lmdb';
import { afterTurn } from '../../platform/turn.ts';
import {
  type Batch,
  type Change,
  firstState,
  type Head,
  type Lease,
  type LogEngine,
  type LogState,
  type Position,
} from '../core/log.ts';
import { StoreError } from '../store.ts';
import type { Place } from './place.ts';
import { decodeChange, decodeHead, decodeState, encodeChange, encodeHead, encodeState } from './codec.ts';

/** Longer than any key. A bound is cut here, which changes nothing about what lies beyond it. */
const longestBoundBytes = 1500;

/** Keys as UTF-8, so that they order by it. No key contains a zero byte, so one stands for the empty bound. */
const keyEncoder = {
  writeKey: (key: string, target: Buffer, start: number) =>
    start + target.write(key || '\0', start, longestBoundBytes, 'utf8'),
  readKey: (source: Buffer, start: number, end: number) => source.toString('utf8', start, end),
};

/** How every table is opened. */
export const binary = { encoding: 'binary', compression: false, cache: false } as const;
const nothing = Buffer.from([0]);

/** A log in an LMDB file. */
export class LmdbEngine implements LogEngine {
  readonly name = 'embedded';
  readonly #root: RootDatabase<Buffer, string>;
  readonly #meta: Database<Buffer, string>;
  readonly #log: Database<Buffer, number>;
  readonly #live: Database<Buffer, string>;
  readonly #gone: Database<Buffer, string>;
  readonly #leases: Database<Buffer, [number, number]>;
  readonly #place: Place;
  /** Called when the file is closed. */
  onClosed: () => void = () => {};
  /** Makes something better of the reason why a write failed. */
  explain: (reason: unknown) => Promise<unknown> = async (reason) => reason;
  /** Called with the reason when a write fails after one that did not, and with nothing when one succeeds again. */
  onTrouble: (reason?: unknown) => void = () => {};
  #failing = false;
  /** A write failed, and it is not known whether LMDB can go on. */
  #doubtful = false;
  #closed = false;

  constructor(root: RootDatabase<Buffer, string>, meta: Database<Buffer, string>, place: Place) {
    this.#root = root;
    this.#meta = meta;
    this.#place = place;
    this.#log = root.openDB('log', binary);
    this.#live = root.openDB('live', { ...binary, keyEncoder } as typeof binary);
    this.#gone = root.openDB('gone', { ...binary, keyEncoder } as typeof binary);
    this.#leases = root.openDB('leases', binary);
  }

  state(): LogState {
    const found = this.#meta.getBinary('state');
    return found ? decodeState(found) : firstState;
  }

  live(key: string): Head | undefined {
    const found = this.#live.getBinaryFast(key);
    return found && decodeHead(found);
  }

  gone(key: string): Head | undefined {
    const found = this.#gone.getBinaryFast(key);
    return found && decodeHead(found);
  }

  liveFrom(key: string): Iterable<readonly [string, Head]> {
    return headsFrom(this.#live, key);
  }

  goneFrom(key: string): Iterable<readonly [string, Head]> {
    return headsFrom(this.#gone, key);
  }

  change(position: Position): Change | undefined {
    const change = this.peek(position);
    // A value of a few kilobytes is copied into a piece of memory that it shares with others: one of its own for each
    // would keep the garbage collector busy.
    if (change?.value) change.value = Buffer.from(change.value);
    return change;
  }

  peek(position: Position): Change | undefined {
    if (this.#closed) throw new StoreError('Closed', 'The store is closed');
    const found = this.#log.getBinaryFast(position);
    return found && decodeChange(position, found.subarray(0, found.length));
  }

  *changesFrom(position: Position): Iterable<Change> {
    // By their keys: a range of values would be a piece of memory for each.
    for (const key of this.#log.getKeys({ start: position })) yield this.change(key) as Change;
  }

  *peeksFrom(position: Position): Iterable<Change> {
    for (const key of this.#log.getKeys({ start: position })) yield this.peek(key) as Change;
  }

  *leases(): Iterable<Lease> {
    for (const [expiresMs, position] of this.#leases.getKeys()) yield { expiresMs, position };
  }

  soon(fn: () => void): void {
    afterTurn(fn);
  }

  trouble(): string | undefined {
    return this.#place.look();
  }

  async write(batch: Batch): Promise<void> {
    const trouble = this.#place.look();
    if (trouble !== undefined) throw new Error(trouble);
    if (this.#doubtful) this.#probe();
    // Before anything is put: an error halfway would leave half a batch to be written.
    const records = batch.changes.map(encodeChange);
    try {
      await this.#root.batch(() => {
        this.#put(batch, records);
      });
    } catch (error) {
      this.#doubtful = true;
      const reason = await this.explain(await reasonOf(error));
      if (!this.#failing) this.onTrouble(reason);
      this.#failing = true;
      throw reason;
    }
    if (this.#failing) this.onTrouble();
    this.#failing = false;
  }

  size(): { keys: number; sizeBytes: number } {
    const live = this.#live.getStats() as { entryCount: number; lastPageNumber: number; pageSize: number };
    return { keys: live.entryCount, sizeBytes: (live.lastPageNumber + 1) * live.pageSize };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#root.close();
    this.onClosed();
  }

  /** Reads everything; throws `Unusable` at the first record that is damaged. */
  verify(): void {
    for (const { key, value } of this.#log.getRange({})) decodeChange(key, value);
    for (const [key, head] of this.liveFrom('')) {
      if (this.change(head.position)?.key !== key) throw damaged('a key has no value');
    }
  }

  /** What is put within a batch needs no eye on its promises: that of the batch tells how it went. */
  #put(batch: Batch, records: readonly Buffer[]): void {
    for (const [i, { position }] of batch.changes.entries())
      void this.#log.put(position, records[i] as Buffer);
    for (const position of batch.dropped) void this.#log.remove(position);
    this.#putHeads(this.#live, batch.live);
    this.#putHeads(this.#gone, batch.gone);
    for (const lease of batch.leases) void this.#leases.put([lease.expiresMs, lease.position], nothing);
    for (const lease of batch.endedLeases) void this.#leases.remove([lease.expiresMs, lease.position]);
    void this.#meta.put('state', encodeState(batch.state));
  }

  #putHeads(table: Database<Buffer, string>, heads: Batch['live']): void {
    for (const [key, head] of heads) void (head ? table.put(key, encodeHead(head)) : table.remove(key));
  }

  /**
   * After most failures, such as a full disk, LMDB goes on from what was there before. Where it does not, a
   * transaction of the kind that writes would never come back, but an empty one of this kind throws.
   */
  #probe(): void {
    try {
      this.#root.transactionSync(() => {});
    } catch (cause) {
      throw new Error('An earlier write left the file in doubt. It must be opened again', { cause });
    }
    this.#doubtful = false;
  }
}

const damaged = (what: string) => new StoreError('Unusable', `it is damaged: ${what}`);

/** What really went wrong: LMDB keeps that in a promise beside the error. */
async function reasonOf(error: unknown): Promise<unknown> {
  try {
    await (error as { commitError?: Promise<unknown> }).commitError;
    return error;
  } catch (reason) {
    return reason;
  }
}

function* headsFrom(table: Database<Buffer, string>, key: string): Iterable<readonly [string, Head]> {
  for (const { key: found, value } of table.getRange({ start: key })) yield [found, decodeHead(value)];
}
