import { setTimeout as sleep } from 'node:timers/promises';
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { Connection, type OpenStream } from '../store/etcd/connection.ts';
import {
  type Watch,
  type WatchCreateRequestSchema,
  type WatchRequestSchema,
  type WatchResponse,
} from '../store/etcd/generated/etcd/rpc_pb.js';
import { newerEtcd, TestEtcd, usualEtcd } from '../store/etcd/test-etcd.ts';
import { TestServer } from './test-server.ts';

/** Real etcd and this server, for tests of what both have to answer alike. */

const real = newerEtcd.whyNot ? usualEtcd : newerEtcd;
const subjects = [
  { name: `real ${real.name}${real.whyNot}`, skip: real.whyNot !== '', start: realServer },
  { name: 'this server', skip: false, start: () => TestServer.start() },
];

async function realServer() {
  const etcd = await TestEtcd.start({ programs: real });
  return { url: etcd.endpoints[0] as string, stop: () => etcd.stop() };
}

/** A server under test; there from when the first test runs. */
export interface Subject {
  readonly url: string;
  readonly connection: Connection;
}

/** Declares the same tests for each server. */
export function ofBoth(declare: (subject: Subject) => void): void {
  for (const { name, skip, start } of subjects)
    describe.skipIf(skip)(name, { timeout: 60_000 }, () => {
      let server: { url: string; stop(): Promise<void> };
      let connection: Connection;
      beforeAll(async () => {
        server = await start();
        connection = new Connection(server.url, { tls: {}, clock: systemClock });
      });
      afterAll(async () => {
        connection.close();
        await server.stop();
      });
      declare({
        get url() {
          return server.url;
        },
        get connection() {
          return connection;
        },
      });
    });
}

export const utf8 = (text: string) => Buffer.from(text);
export const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
/** Other tests may keep the machine busy. */
export const waitMs = 30_000;

/** A stream whose answers are taken one after the other. */
export class Stream<I extends DescMessage, O extends DescMessage> {
  readonly #open: OpenStream<I>;
  readonly #came: MessageShape<O>[] = [];
  #wake = () => {};

  constructor(connection: Connection, method: DescMethodBiDiStreaming<I, O>) {
    this.#open = connection.open(method, {
      onMessage: (message) => {
        this.#came.push(message);
        this.#wake();
      },
      onEnd: () => this.#wake(),
    });
  }

  send(init: MessageInitShape<I>): void {
    this.#open.send(init);
  }

  async next(): Promise<MessageShape<O>> {
    const deadline = performance.now() + waitMs;
    while (this.#came.length === 0) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error('nothing came');
      const abort = new AbortController();
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, sleep(leftMs, undefined, { signal: abort.signal }).catch(() => {})]);
      abort.abort();
    }
    return this.#came.shift() as MessageShape<O>;
  }

  cancel(): void {
    this.#open.cancel();
  }
}

export type WatchStream = Stream<typeof WatchRequestSchema, typeof Watch.method.watch.output>;

export const watch = (stream: WatchStream, init: MessageInitShape<typeof WatchCreateRequestSchema>) =>
  stream.send({ requestUnion: { case: 'createRequest', value: init as never } });
export const cancel = (stream: WatchStream, watchId: bigint) =>
  stream.send({ requestUnion: { case: 'cancelRequest', value: { watchId } } });

/** Each event in a few words. */
export const eventsOf = (response: WatchResponse) =>
  response.events.map(({ type, kv, prevKv }) => {
    const before = prevKv ? ` was ${text(prevKv.value)}` : '';
    return `${type === 0 ? 'put' : 'delete'} ${text(kv?.key)}=${text(kv?.value)}${before}`;
  });
