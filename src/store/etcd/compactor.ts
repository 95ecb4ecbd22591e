import type { Clock, Timer } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { StoreError } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import { Compare_CompareTarget, KV } from './generated/etcd/rpc_pb.js';
import { compactionKey, type Keyspace } from './keyspace.ts';
import type { Past } from './past.ts';
import type { Reader } from './reader.ts';

const longestPauseMs = 300_000;

/**
 * Lets etcd forget what is older than the history. Of several servers one does it: whoever first counts up a key
 * that all of them know, as upstream's servers do among themselves.
 */
export class Compactor {
  readonly #endpoints: Endpoints;
  readonly #keyspace: Keyspace;
  readonly #reader: Reader;
  readonly #past: Past;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #historyMs: number;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** How often the key has been written, as far as this server knows. */
  #version = 0n;

  constructor(options: {
    endpoints: Endpoints;
    keyspace: Keyspace;
    reader: Reader;
    past: Past;
    clock: Clock;
    log: Log;
    historyMs: number;
  }) {
    this.#endpoints = options.endpoints;
    this.#keyspace = options.keyspace;
    this.#reader = options.reader;
    this.#past = options.past;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#historyMs = options.historyMs;
  }

  start(): void {
    if (this.#stopped) return;
    const pauseMs = Math.min(longestPauseMs, this.#historyMs / 20);
    this.#timer = this.#clock.after(pauseMs, () => {
      this.#running = this.#round().finally(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Forgets what is only needed to read revisions before `revision`. */
  async compact(revision: number): Promise<void> {
    if (revision < 1) return;
    try {
      await this.#endpoints.call(KV.method.compact, { revision: BigInt(revision) });
    } catch (error) {
      // Somebody went further already.
      if (error instanceof StoreError && error.code === 'Compacted') return;
      throw error;
    }
    this.#reader.compacted(revision);
  }

  async #round(): Promise<void> {
    try {
      const revision = await this.#past.revisionAt(this.#clock.now() - this.#historyMs);
      if (revision > 1 && (await this.#isMine(revision))) await this.compact(revision);
    } catch (error) {
      // Somebody has forgotten more than this server would.
      if (error instanceof StoreError && error.code === 'Compacted') return;
      this.#log.warn('etcd was not compacted; trying again', { error });
    }
  }

  /** Whether it is this server that compacts now. */
  async #isMine(revision: number): Promise<boolean> {
    if ((await this.#reader.compactedRevision(await this.#reader.revision())) >= revision) return false;
    const key = this.#keyspace.wire(compactionKey);
    const value = Buffer.from(String(revision));
    const answer = await this.#endpoints.call(KV.method.txn, {
      compare: [
        {
          key,
          target: Compare_CompareTarget.VERSION,
          targetUnion: { case: 'version', value: this.#version },
        },
      ],
      success: [{ request: { case: 'requestPut', value: { key, value } } }],
      failure: [{ request: { case: 'requestRange', value: { key, keysOnly: true } } }],
    });
    const [found] = answer.responses;
    if (answer.succeeded) this.#version++;
    else if (found?.response.case === 'responseRange')
      this.#version = found.response.value.kvs[0]?.version ?? 0n;
    return answer.succeeded;
  }
}
