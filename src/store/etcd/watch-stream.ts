import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { CallError } from './call-error.ts';
import type { Connection, OpenStream } from './connection.ts';
import type { Endpoints } from './endpoints.ts';
import { Watch, type WatchRequestSchema, type WatchResponse } from './generated/etcd/rpc_pb.js';
import type { KeyRange } from './keyspace.ts';
import { type RawRevision, RevisionAssembler } from './watch-events.ts';

/** One watch: every revision after `after` that touches the range, each once and in order, over lost connections. */
export interface Feed {
  range: KeyRange;
  /** Everything up to this revision has been delivered. */
  after: number;
  onRevision(raw: RawRevision): void;
  /** What comes next has been compacted; the feed is over. */
  onCompacted(compactedRevision: number): void;
}

interface Running {
  feed: Feed;
  assembler: RevisionAssembler;
}

const pauseMs = 50;

/** Carries any number of watches over one stream, which is opened anew, where they stand, when it is lost. */
export class WatchStream {
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #feeds = new Map<bigint, Running>();
  #stream: OpenStream<typeof WatchRequestSchema> | undefined;
  #connection: Connection | undefined;
  #connecting = false;
  #nextId = 1n;
  #closed = false;

  constructor(options: { endpoints: Endpoints; clock: Clock; log: Log }) {
    this.#endpoints = options.endpoints;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Begins a watch; the answer ends it. */
  add(feed: Feed): () => void {
    const id = this.#nextId++;
    const running = { feed, assembler: new RevisionAssembler() };
    this.#feeds.set(id, running);
    if (this.#stream) this.#begin(id, running);
    else void this.#connect();
    return () => this.#remove(id);
  }

  /** Gives up the server that is asked now, which is behind or silent. */
  switchServer(): void {
    if (this.#connection) this.#endpoints.failed(this.#connection);
    this.#stream?.cancel();
  }

  close(): void {
    this.#closed = true;
    this.#feeds.clear();
    this.#stream?.cancel();
  }

  async #connect(): Promise<void> {
    if (this.#connecting || this.#closed) return;
    this.#connecting = true;
    while (!this.#closed) {
      try {
        const connection = await this.#endpoints.connected();
        this.#connecting = false;
        return this.#open(connection);
      } catch (error) {
        if (!this.#closed) this.#log.warn('etcd cannot be watched; trying again', { error });
      }
    }
  }

  #open(connection: Connection): void {
    if (this.#closed || this.#feeds.size === 0) return;
    this.#connection = connection;
    const stream = connection.open(Watch.method.watch, {
      onMessage: (response) => this.#onMessage(response),
      onEnd: (error) => void this.#onEnd(error, connection),
    });
    this.#stream = stream;
    for (const [id, running] of this.#feeds) this.#begin(id, running);
  }

  #begin(id: bigint, running: Running): void {
    const { range, after } = running.feed;
    running.assembler = new RevisionAssembler();
    const create = { ...range, startRevision: BigInt(after + 1), prevKv: true, fragment: true, watchId: id };
    this.#stream?.send({ requestUnion: { case: 'createRequest', value: create } });
  }

  #remove(id: bigint): void {
    if (!this.#feeds.delete(id)) return;
    this.#stream?.send({ requestUnion: { case: 'cancelRequest', value: { watchId: id } } });
  }

  #onMessage(response: WatchResponse): void {
    const running = this.#feeds.get(response.watchId);
    if (response.canceled) return this.#onCanceled(response, running);
    if (!running) return;
    const { feed } = running;
    for (const raw of running.assembler.push(response)) {
      if (raw.revision <= feed.after || !this.#feeds.has(response.watchId)) continue;
      feed.after = raw.revision;
      feed.onRevision(raw);
    }
  }

  #onCanceled(response: WatchResponse, running: Running | undefined): void {
    if (!running) return;
    if (response.compactRevision === 0n) {
      this.#log.warn('etcd ended a watch', { reason: response.cancelReason });
      return this.#stream?.cancel();
    }
    this.#feeds.delete(response.watchId);
    running.feed.onCompacted(Number(response.compactRevision));
  }

  async #onEnd(error: CallError, connection: Connection): Promise<void> {
    this.#stream = undefined;
    this.#connection = undefined;
    if (this.#closed || this.#feeds.size === 0) return;
    this.#log.info('the watch of etcd was cut off; it goes on where it stood', { error: error.message });
    this.#endpoints.failed(connection);
    await this.#clock.sleep(pauseMs);
    await this.#connect();
  }
}
