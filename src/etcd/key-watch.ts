import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Timer } from '../platform/clock.ts';
import { Event_EventType as EventType, type EventSchema } from '../store/etcd/generated/etcd/kv_pb.js';
import type {
  WatchCreateRequest,
  WatchResponse,
  WatchResponseSchema,
} from '../store/etcd/generated/etcd/rpc_pb.js';
import { WatchCreateRequest_FilterType as Filter } from '../store/etcd/generated/etcd/rpc_pb.js';
import { StoreError, type StoreEvent, type WatchBatch, type WatchHandle } from '../store/store.ts';
import { toEtcdError } from './errors.ts';
import { etcdKey, isWithin, type KeyRange, prefixOf, rangeOf } from './keys.ts';
import { type EtcdNode, headerOf } from './node.ts';
import { keyValue, recordOf } from './record.ts';

type Response = Exclude<MessageInitShape<typeof WatchResponseSchema>, WatchResponse>;
type Event = MessageInitShape<typeof EventSchema>;

interface Sink {
  /** False: the client does not take it; no more until `resume`. */
  send(response: Response): boolean;
  /** The watch ended by itself. */
  onEnd(why: { compactRevision?: bigint; cancelReason?: string }): void;
}

const firstKey = Uint8Array.of(0);

/** The oldest revision that is kept; where nothing has been compacted -1, as in etcd, which tells clients so. */
const oldestOf = ({ mvcc }: EtcdNode): number => mvcc.compactedRevision || -1;

/** An answer is sent as soon as it has so many events, or so much in them. */
const mostEvents = 1000;
const mostEventBytes = 4 << 20;

/** One watch: reads the past from its start, then follows. While the client takes nothing it waits at its place. */
export class KeyWatch {
  readonly #node: EtcdNode;
  readonly #request: WatchCreateRequest;
  readonly #sink: Sink;
  readonly #range: KeyRange;
  /** Everything up to this revision was sent. */
  #after: number;
  #handle: WatchHandle | undefined;
  #running = false;
  #over = false;
  #round = 0;
  #timer: Timer | undefined;
  #quiet = true;
  /** Whole revisions that go with the next answer. */
  #waiting: Event[] = [];
  #waitingBytes = 0;

  constructor(node: EtcdNode, request: WatchCreateRequest, sink: Sink) {
    this.#node = node;
    this.#request = request;
    this.#sink = sink;
    this.#range = rangeOf(request.key.length > 0 ? request.key : firstKey, request.rangeEnd);
    const { startRevision } = request;
    const isFromNow = startRevision === 0n || (startRevision === -1n && oldestOf(node) === -1);
    this.#after = isFromNow ? node.mvcc.revision : Number(startRevision) - 1;
    if (request.progressNotify) this.#notifyLater();
  }

  /** Begins, or goes on after the client has taken what it was sent. */
  resume(): void {
    if (this.#running || this.#over) return;
    this.#running = true;
    void this.#follow(++this.#round).catch((error: unknown) => this.#end(error));
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#pause();
  }

  async #follow(round: number): Promise<void> {
    const { store, mvcc } = this.#node;
    const { compactedRevision } = mvcc;
    const { revision } = await store.status();
    const oldest = oldestOf(this.#node);
    if (this.#after + 1 < oldest) return this.#compacted(oldest);
    if (this.#after + 1 === compactedRevision) await this.#sendAt(compactedRevision);
    if (this.#over || round !== this.#round) return;
    const watcher = {
      onBatch: (batch: WatchBatch) => round === this.#round && this.#take(batch),
      onEnd: (error: StoreError) => this.#end(error),
    };
    const handle = await store.watch(prefixOf(this.#range), Math.min(this.#after, revision), watcher);
    if (this.#over || round !== this.#round || !this.#running) handle.stop();
    else this.#handle = handle;
  }

  /** Of the oldest revision that is kept, what is still there. */
  async #sendAt(revision: number): Promise<void> {
    const { records } = await this.#node.mvcc.read(this.#range, { atRevision: revision, onDemand: true });
    const kept = records.filter(({ modRevision }) => modRevision === revision);
    this.#after = revision;
    if (!this.#request.filters.includes(Filter.NOPUT))
      this.#send(kept.map((record) => ({ type: EventType.PUT, kv: keyValue(record) })));
  }

  #take({ revision, events }: WatchBatch): void {
    if (this.#over || revision <= this.#after) return;
    this.#after = revision;
    const wanted = events.filter((event) => this.#wants(event));
    this.#send(wanted.map((event) => this.#eventOf(event)));
  }

  /** What comes in one turn goes in one answer: after a flush of many commits, or from the past. */
  #send(events: Event[]): void {
    if (events.length === 0) return;
    if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
    this.#waiting.push(...events);
    for (const { kv, prevKv } of events)
      this.#waitingBytes += (kv?.value?.length ?? 0) + (prevKv?.value?.length ?? 0);
    if (this.#waiting.length >= mostEvents || this.#waitingBytes >= mostEventBytes) this.#flush();
  }

  #flush(): void {
    const events = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (events.length === 0 || this.#over) return;
    this.#quiet = false;
    const header = headerOf(this.#node, Math.max(this.#after, this.#node.mvcc.revision));
    if (!this.#sink.send({ header, events })) this.#pause();
  }

  #wants(event: StoreEvent): boolean {
    const { filters } = this.#request;
    if (filters.includes(event.type === 'put' ? Filter.NOPUT : Filter.NODELETE)) return false;
    return isWithin(event.type === 'put' ? event.entry.key : event.key, this.#range);
  }

  #eventOf(event: StoreEvent): Event {
    const previous = this.#request.prevKv ? event.previous : undefined;
    const prevKv = previous && previous.revision > 0 ? keyValue(recordOf(previous)) : undefined;
    if (event.type === 'put') return { type: EventType.PUT, kv: keyValue(recordOf(event.entry)), prevKv };
    const kv = { key: etcdKey(event.key), modRevision: BigInt(event.revision) };
    return { type: EventType.DELETE, kv, prevKv };
  }

  #pause(): void {
    this.#running = false;
    this.#round++;
    this.#handle?.stop();
    this.#handle = undefined;
  }

  #end(error: unknown): void {
    if (this.#over) return;
    if (error instanceof StoreError && error.code === 'Compacted') {
      this.#pause();
      return this.resume();
    }
    this.stop();
    this.#sink.onEnd({ cancelReason: toEtcdError(error).message });
  }

  #compacted(oldest: number): void {
    this.stop();
    this.#sink.onEnd({ compactRevision: BigInt(oldest) });
  }

  /** A watch on which nothing came is told how far it is. */
  #notifyLater(): void {
    this.#timer = this.#node.clock.after(this.#node.progressEveryMs, () => {
      if (this.#quiet && this.#running) this.#sink.send({ header: headerOf(this.#node) });
      this.#quiet = true;
      this.#notifyLater();
    });
  }
}
