import type { KubernetesObject } from '../../api/resource.ts';
import { expired, internalError, StatusError } from '../../machinery/status-error.ts';
import type { FrameSink, WatchFrame } from '../request.ts';
import type { CachedItem, Selectable } from './cached-item.ts';
import type { CacheEvent, EventWindow } from './event-window.ts';

/** Which objects a watcher or a list sees. */
export interface Scope {
  /** Store key prefix: of the resource, of a namespace in it, or of one object. */
  prefix: string;
  /** What its selectors say; absent: every object below the prefix. */
  matches?(item: CachedItem): boolean;
  /** What of an object its selectors ask for; absent where that is nothing but its name. */
  asked?: Selectable;
  /** A field value without which nothing matches. */
  required?: { field: string; value: string };
}

export interface CursorOptions {
  scope: Scope;
  window: EventWindow;
  sink: FrameSink;
  /** The shared form of a state that this watcher's kind sees (another version of the same object). */
  view(item: CachedItem): CachedItem;
  /** Gets states ready to be viewed, and gives undefined where they are; absent where they always are. */
  prepare: ((items: readonly CachedItem[]) => Promise<void> | undefined) | undefined;
  /** Makes the bookmarks of a client that allows them. */
  bookmark: (() => KubernetesObject) | undefined;
  /** Nothing up to this revision is told. */
  after: number;
  onDone(cursor: WatchCursor): void;
}

const fellBehind = 'the watch fell behind the kept events';

/** How many frames are handed over before a sink that reports backpressure is asked again. */
const initialChunk = 256;

/**
 * One watcher: a place in the window of events. A sink that is full and can say when it is drained falls behind for
 * as long as the window reaches; nothing is buffered for it. A full sink that cannot say so is ended.
 */
export class WatchCursor {
  readonly #options: CursorOptions;
  #sequence = 0;
  #state: 'starting' | 'live' | 'waiting' | 'done' = 'starting';

  constructor(options: CursorOptions) {
    this.#options = options;
  }

  /** Sends `items` as ADDED, then `closing`, then what happens from `sequence` on. */
  async start(
    items: readonly CachedItem[],
    sequence: number,
    closing?: () => KubernetesObject,
  ): Promise<void> {
    this.#sequence = sequence;
    const pending = this.#options.prepare?.(items);
    if (pending && !(await this.#prepared(pending))) return;
    for (let i = 0; i < items.length; i++) {
      if (this.#isDone()) return;
      const taken = this.#send({ type: 'ADDED', cached: this.#options.view(items[i] as CachedItem) });
      if (!taken && !(await this.#drained())) return;
      if (i % initialChunk === initialChunk - 1 && this.#options.sink.drained) await this.#drained();
    }
    if (this.#isDone()) return;
    if (closing && !this.#send({ type: 'BOOKMARK', object: closing() }) && !(await this.#drained())) return;
    this.#catchUp();
  }

  get scope(): Scope {
    return this.#options.scope;
  }

  /** Takes an event as it comes in under this sequence number, where it has taken everything before. */
  offer(event: CacheEvent, sequence: number): void {
    if (this.#state !== 'live') return;
    const pending = this.#pending(event);
    if (pending) {
      this.#sequence = sequence;
      void this.#resume(pending);
      return;
    }
    const frame = this.#frame(event);
    if (!frame || this.#send(frame) || this.#isDone()) return;
    this.#sequence = sequence + 1;
    void this.#wait();
  }

  /** What is done from time to time: a bookmark; the end, where events are gone that the client has not taken. */
  heartbeat(): void {
    const isBehind = this.#state !== 'live' && !this.#options.window.reaches(this.#sequence);
    if (isBehind) this.end(expired(fellBehind));
    else this.bookmark();
  }

  bookmark(): void {
    const { bookmark } = this.#options;
    if (this.#state !== 'live' || !bookmark) return;
    const object = bookmark();
    // A client that waits for what is yet to come must not be told to go back.
    if (Number(object.metadata.resourceVersion) < this.#options.after) return;
    if (this.#send({ type: 'BOOKMARK', object }) || this.#isDone()) return;
    this.#sequence = this.#options.window.nextSequence;
    void this.#wait();
  }

  /** Ends the watch from this side. */
  end(error?: StatusError): void {
    if (this.#isDone()) return;
    this.stop();
    this.#options.sink.onEnd(error);
  }

  /** Ends the watch from the client's side; the sink hears nothing more. */
  stop(): void {
    if (this.#isDone()) return;
    this.#state = 'done';
    this.#options.onDone(this);
  }

  #isDone(): boolean {
    return this.#state === 'done';
  }

  #catchUp(): void {
    const { window } = this.#options;
    if (!window.reaches(this.#sequence)) return this.end(expired(fellBehind));
    for (let event = window.at(this.#sequence); event; event = window.at(this.#sequence)) {
      const pending = this.#pending(event);
      if (pending) return void this.#resume(pending);
      this.#sequence++;
      const frame = this.#frame(event);
      if (!frame || this.#send(frame)) continue;
      if (!this.#isDone()) void this.#wait();
      return;
    }
    if (!this.#isDone()) this.#state = 'live';
  }

  /** The event as this watcher sees it: entering and leaving its selection are ADDED and DELETED. */
  #frame({ item, previous, revision }: CacheEvent): WatchFrame | undefined {
    const { scope, view } = this.#options;
    const key = (item ?? previous)?.key as string;
    if (revision <= this.#options.after || !key.startsWith(scope.prefix)) return undefined;
    const is = item !== undefined && (!scope.matches || scope.matches(item));
    const was = previous !== undefined && (!scope.matches || scope.matches(previous));
    if (is) return { type: was ? 'MODIFIED' : 'ADDED', cached: view(item as CachedItem) };
    return was ? { type: 'DELETED', cached: lastState(view(previous as CachedItem), revision) } : undefined;
  }

  /** What has to be waited for before an event can be shown; undefined for nothing. */
  #pending({ item, previous }: CacheEvent): Promise<void> | undefined {
    return this.#options.prepare?.([item, previous].filter((state) => state !== undefined));
  }

  /** Goes on with the event at the cursor's place once it can be shown. */
  async #resume(pending: Promise<void>): Promise<void> {
    this.#state = 'waiting';
    if (await this.#prepared(pending)) this.#catchUp();
  }

  async #prepared(pending: Promise<void> | undefined): Promise<boolean> {
    try {
      await pending;
    } catch (error) {
      this.end(error instanceof StatusError ? error : internalError(String(error)));
    }
    return !this.#isDone();
  }

  /** Gives false where the sink is full (or has just been ended for it). */
  #send(frame: WatchFrame): boolean {
    const { sink } = this.#options;
    try {
      if (sink.onFrame(frame)) return true;
    } catch (error) {
      this.end(internalError(String(error)));
      return false;
    }
    if (!sink.drained) this.end();
    return false;
  }

  async #wait(): Promise<void> {
    this.#state = 'waiting';
    if (await this.#drained()) this.#catchUp();
  }

  async #drained(): Promise<boolean> {
    await this.#options.sink.drained?.().catch(() => this.stop());
    return !this.#isDone();
  }
}

const lastStates = new WeakMap<CachedItem, CachedItem>();

/** The last state of an object under the revision that took it away; made once for all watchers. */
function lastState(previous: CachedItem, revision: number): CachedItem {
  const known = lastStates.get(previous);
  if (known?.revision === revision) return known;
  const state = previous.at(revision);
  lastStates.set(previous, state);
  return state;
}
