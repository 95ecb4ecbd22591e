import type { MessageInitShape } from '@bufbuild/protobuf';
import { Watch, type WatchResponseSchema } from '../store/etcd/generated/etcd/rpc_pb.js';
import type { WatchCreateRequest, WatchRequest, WatchResponse } from '../store/etcd/generated/etcd/rpc_pb.js';
import { type EtcdNode, headerOf, overheadBytes } from './node.ts';
import { type Route, type StreamCall, streaming } from './service.ts';
import { KeyWatch } from './key-watch.ts';

type Response = Exclude<MessageInitShape<typeof WatchResponseSchema>, WatchResponse>;
type Call = StreamCall<WatchRequest, Response>;

/** What a watch that is none is called. */
const noId = -1n;

/** Watches. */
export function watchService(node: EtcdNode): Route[] {
  return [streaming(Watch.method.watch, (call) => new WatchStream(node, call).serve())];
}

/** The watches of one stream. */
class WatchStream {
  readonly #node: EtcdNode;
  readonly #call: Call;
  readonly #watches = new Map<bigint, KeyWatch>();
  #nextId = 0n;

  constructor(node: EtcdNode, call: Call) {
    this.#node = node;
    this.#call = call;
  }

  serve(): void {
    this.#call.onMessage((message) => this.#take(message));
    this.#call.onDrain(() => {
      for (const watch of this.#watches.values()) watch.resume();
    });
    this.#call.onClose(() => {
      for (const watch of this.#watches.values()) watch.stop();
      this.#watches.clear();
    });
  }

  #take({ requestUnion: { case: name, value } }: WatchRequest): void {
    if (name === 'createRequest') this.#create(value);
    else if (name === 'cancelRequest') this.#cancel(value.watchId);
    else if (name === 'progressRequest') this.#write({ header: headerOf(this.#node), watchId: noId });
  }

  #create(request: WatchCreateRequest): void {
    const header = headerOf(this.#node);
    if (request.watchId !== 0n && this.#watches.has(request.watchId)) {
      const cancelReason = 'mvcc: duplicate watch ID provided on the WatchStream';
      return void this.#write({ header, watchId: noId, created: true, canceled: true, cancelReason });
    }
    const watchId = request.watchId || this.#freeId();
    this.#write({ header, watchId, created: true });
    const watch = new KeyWatch(this.#node, request, {
      send: (part) => this.#send(watchId, part, request.fragment),
      onEnd: (why) => {
        this.#watches.delete(watchId);
        // Of what is compacted etcd says no more than that, and no revision.
        const revision = why.compactRevision === undefined ? undefined : 0;
        this.#write({ header: headerOf(this.#node, revision), watchId, canceled: true, ...why });
      },
    });
    this.#watches.set(watchId, watch);
    watch.resume();
  }

  #cancel(watchId: bigint): void {
    const watch = this.#watches.get(watchId);
    if (!watch) return;
    watch.stop();
    this.#watches.delete(watchId);
    this.#write({ header: headerOf(this.#node), watchId, canceled: true });
  }

  #freeId(): bigint {
    while (this.#watches.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #send(watchId: bigint, part: Response, fragment: boolean): boolean {
    const response = { ...part, watchId };
    const mostBytes = this.#node.mostRequestBytes + overheadBytes;
    const pieces = fragment ? fragments(response, mostBytes) : [response];
    return pieces.map((piece) => this.#write(piece)).every(Boolean);
  }

  #write(response: Response): boolean {
    return this.#call.write(response);
  }
}

/** Splits the events of a response so that no piece is larger than `bytes`, as far as events allow. */
function fragments(response: Response, bytes: number): Response[] {
  const events = response.events ?? [];
  if (events.length < 2 || sizeOf(events) < bytes) return [response];
  const middle = events.length >> 1;
  const halves = [events.slice(0, middle), events.slice(middle)];
  const pieces = halves.flatMap((part) => fragments({ ...response, events: part }, bytes));
  return pieces.map((piece, i) => ({ ...piece, fragment: i < pieces.length - 1 }));
}

/** No less than what the events take up, by numbers that are at their longest. */
function sizeOf(events: NonNullable<Response['events']>): number {
  const longestRest = 64;
  const size = (kv: { key?: Uint8Array; value?: Uint8Array } | undefined) =>
    (kv?.key?.length ?? 0) + (kv?.value?.length ?? 0) + longestRest;
  return events.reduce((sum, { kv, prevKv }) => sum + size(kv) + size(prevKv), 0);
}
