import sortedBTree from 'sorted-btree';
import { afterTurn } from '../platform/turn.ts';
import { compareKeys } from './core/keys.ts';
import {
  type Batch,
  type Change,
  firstState,
  type Head,
  type Lease,
  type LogEngine,
  type LogState,
  type Position,
} from './core/log.ts';

// A CommonJS module: bundlers hand out its class itself, Node the module around it.
const BTree = (sortedBTree.default ?? sortedBTree) as typeof sortedBTree.default;
type Tree<K, V> = InstanceType<typeof BTree<K, V>>;

/**
 * Changes after which others get their turn of the event loop. Nothing is waited for here as a disk is: whoever writes one thing after the
 * other, such as a thousand claims of a set, would keep everybody else waiting until he has done. Changes count, not flushes: a flush
 * carries those of all who write, such as twenty kubelets, and each of them goes on once it is done.
 */
const changesPerTurn = 16;

const compareLeases = (a: Lease, b: Lease) => a.expiresMs - b.expiresMs || a.position - b.position;

/** A log in memory: gone with the process. */
export class MemoryEngine implements LogEngine {
  readonly name = 'memory';
  readonly #live: Tree<string, Head>;
  readonly #gone: Tree<string, Head>;
  readonly #log: Tree<Position, Change>;
  readonly #leases: Tree<Lease, undefined>;
  #state: LogState;
  #liveBytes: number;
  /** Changes, and calls for what is none, since others had their turn. */
  #sinceTurn = 0;

  /** Empty, or with all that another holds; what is written to either afterwards is its own. */
  constructor(from?: MemoryEngine) {
    this.#live = from ? from.#live.clone() : new BTree<string, Head>(undefined, compareKeys);
    this.#gone = from ? from.#gone.clone() : new BTree<string, Head>(undefined, compareKeys);
    this.#log = from ? from.#log.clone() : new BTree<Position, Change>();
    this.#leases = from ? from.#leases.clone() : new BTree<Lease, undefined>(undefined, compareLeases);
    this.#state = from ? from.#state : firstState;
    this.#liveBytes = from ? from.#liveBytes : 0;
  }

  state(): LogState {
    return this.#state;
  }

  live(key: string): Head | undefined {
    return this.#live.get(key);
  }

  gone(key: string): Head | undefined {
    return this.#gone.get(key);
  }

  liveFrom(key: string): Iterable<readonly [string, Head]> {
    return this.#live.entries(key);
  }

  goneFrom(key: string): Iterable<readonly [string, Head]> {
    return this.#gone.entries(key);
  }

  change(position: Position): Change | undefined {
    return this.#log.get(position);
  }

  trouble(): string | undefined {
    return undefined;
  }

  peek(position: Position): Change | undefined {
    return this.change(position);
  }

  peeksFrom(position: Position): Iterable<Change> {
    return this.changesFrom(position);
  }

  *changesFrom(position: Position): Iterable<Change> {
    for (const [, change] of this.#log.entries(position)) yield change;
  }

  leases(): Iterable<Lease> {
    return this.#leases.keys();
  }

  soon(fn: () => void): void {
    if (++this.#sinceTurn < changesPerTurn) return queueMicrotask(fn);
    this.#sinceTurn = 0;
    afterTurn(fn);
  }

  async write(batch: Batch): Promise<void> {
    // The flush itself has been counted as a call.
    this.#sinceTurn += batch.changes.length - 1;
    for (const change of batch.changes) this.#log.set(change.position, change);
    for (const position of batch.dropped) this.#log.delete(position);
    for (const [key, head] of batch.live) this.#setLive(key, head);
    for (const [key, head] of batch.gone) {
      if (head) this.#gone.set(key, head);
      else this.#gone.delete(key);
    }
    for (const lease of batch.leases) this.#leases.set(lease, undefined);
    for (const { expiresMs, position } of batch.endedLeases) this.#leases.delete({ expiresMs, position });
    this.#state = batch.state;
  }

  size(): { keys: number; sizeBytes: number } {
    return { keys: this.#live.size, sizeBytes: this.#liveBytes + this.#state.historyBytes };
  }

  async close(): Promise<void> {
    for (const tree of [this.#live, this.#gone, this.#log, this.#leases]) tree.clear();
  }

  #setLive(key: string, head: Head | undefined): void {
    this.#liveBytes += (head?.sizeBytes ?? 0) - (this.#live.get(key)?.sizeBytes ?? 0);
    if (head) this.#live.set(key, head);
    else this.#live.delete(key);
  }
}
