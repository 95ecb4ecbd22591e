import type { Clock, Timer } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
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

interface Open {
  connection: Connection;
  stream: OpenStream<typeof WatchRequestSchema>;
  /** Whether something has been heard since the server was last asked. */
  heard: boolean;
}

const shortestPauseMs = 50;
const longestPauseMs = 1000;

/**
 * How long a server may be silent before it is asked, and then before it is given up; longer each time that
 * happens without a word in between, since a server that reads a long past has no word to spare.
 */
const silenceMs = 2000;
const longestSilenceMs = 30_000;

/** Carries any number of watches over one stream, which is opened anew, where they stand, when it is lost. */
export class WatchStream {
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #feeds = new Map<bigint, Running>();
  #open: Open | undefined;
  #connecting = false;
  #nextId = 1n;
  #pauseMs = shortestPauseMs;
  #silenceMs = silenceMs;
  #timer: Timer | undefined;
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
    if (this.#open) this.#begin(id, running);
    else void this.#connect();
    return () => this.#remove(id);
  }

  /** Gives up the server that is asked now, which is behind or silent, and goes on with another. */
  switchServer(): void {
    if (!this.#open) return;
    this.#endpoints.failed(this.#open.connection);
    this.#end();
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#feeds.clear();
    this.#end();
  }

  async #connect(): Promise<void> {
    if (this.#connecting || this.#open) return;
    this.#connecting = true;
    while (!this.#closed && this.#feeds.size > 0) {
      try {
        this.#start(await this.#endpoints.connected());
        break;
      } catch (error) {
        if (!this.#closed) this.#log.warn('etcd cannot be watched; trying again', { error });
      }
    }
    this.#connecting = false;
  }

  #start(connection: Connection): void {
    if (this.#closed || this.#feeds.size === 0) return;
    const stream = connection.open(Watch.method.watch, {
      onMessage: (response) => this.#open === open && this.#onMessage(response),
      onEnd: (error) => {
        if (this.#open === open) void this.#onLost(error.message);
      },
    });
    const open: Open = { connection, stream, heard: true };
    this.#open = open;
    for (const [id, running] of this.#feeds) this.#begin(id, running);
    this.#listen();
  }

  #end(): void {
    this.#timer?.cancel();
    const open = this.#open;
    this.#open = undefined;
    open?.stream.cancel();
  }

  #begin(id: bigint, running: Running): void {
    const { range, after } = running.feed;
    running.assembler = new RevisionAssembler();
    const create = { ...range, startRevision: BigInt(after + 1), prevKv: true, fragment: true, watchId: id };
    this.#open?.stream.send({ requestUnion: { case: 'createRequest', value: create } });
  }

  #remove(id: bigint): void {
    if (!this.#feeds.delete(id)) return;
    if (this.#feeds.size === 0) this.#end();
    else this.#open?.stream.send({ requestUnion: { case: 'cancelRequest', value: { watchId: id } } });
  }

  /** Asks a server that has been silent for a while whether it is still there. */
  #listen(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#silenceMs, () => {
      const open = this.#open;
      if (!open) return;
      if (!open.heard) {
        this.#silenceMs = Math.min(this.#silenceMs * 2, longestSilenceMs);
        return void this.#onLost('the server is silent');
      }
      open.heard = false;
      open.stream.send({ requestUnion: { case: 'progressRequest', value: {} } });
      this.#listen();
    });
  }

  #onMessage(response: WatchResponse): void {
    if (this.#open) this.#open.heard = true;
    this.#silenceMs = silenceMs;
    const running = this.#feeds.get(response.watchId);
    if (response.canceled) return this.#onCanceled(response, running);
    if (!running) return;
    this.#pauseMs = shortestPauseMs;
    const { feed } = running;
    for (const raw of running.assembler.push(response)) {
      if (raw.revision <= feed.after || !this.#feeds.has(response.watchId)) continue;
      feed.after = raw.revision;
      feed.onRevision(raw);
    }
  }

  #onCanceled(response: WatchResponse, running: Running | undefined): void {
    const { watchId, created, compactRevision, cancelReason } = response;
    if (running && compactRevision > 0n) {
      this.#feeds.delete(watchId);
      return running.feed.onCompacted(Number(compactRevision));
    }
    // The answer to a watch that was ended here, or a watch that is refused, under no number at all.
    if (running || created) void this.#onLost(cancelReason || 'the server ended the watch');
  }

  async #onLost(error: string): Promise<void> {
    const open = this.#open;
    if (!open || this.#closed) return;
    this.#log.info('the watch of etcd was cut off; it goes on where it stood', { error });
    this.#endpoints.failed(open.connection);
    this.#end();
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    await this.#clock.sleep(pauseMs);
    await this.#connect();
  }
}
