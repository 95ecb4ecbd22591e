import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../src/platform/clock.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { Connection } from '../../src/store/etcd/connection.ts';
import { KV, Watch } from '../../src/store/etcd/generated/etcd/rpc_pb.js';
import type { Store } from '../../src/store/store.ts';

/** What is measured: a store that puts, reads and watches, on the same disk as the others. */
export interface Subject {
  name: string;
  put(key: string, value: Uint8Array): Promise<unknown>;
  /** Puts so many keys at once. */
  putAll(keys: readonly string[], value: Uint8Array): Promise<unknown>;
  /** Reads up to `limit` keys below a prefix and gives how many there were. */
  range(prefix: string, limit: number): Promise<number>;
  /** Calls `onEvent` for every change below a prefix, once it resolves. */
  watch(prefix: string, onEvent: () => void): Promise<() => void>;
  /** Forgets all that is not the newest. */
  compact(): Promise<void>;
  /** Of the files in which it keeps what it has. */
  fileBytes(): number;
  /** What its process has spent: of a server, the server's alone. NaN where the system does not tell. */
  cpuMs(): number;
  /** Stops it, starts it again, and gives how long it took until it answered a read. */
  restart(): Promise<number>;
  stop(): Promise<void>;
}

const callTimeoutMs = 60_000;
const utf8 = (text: string) => Buffer.from(text);
const endOf = (prefix: string) =>
  utf8(prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1));

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The embedded store, in this process. */
export async function embedded(
  dir: string,
  historyBytes?: number,
): Promise<Subject & { remove(key: string): Promise<unknown> }> {
  const path = join(dir, 'embedded');
  const open = () => openEmbeddedStore({ path, clock: systemClock, files: systemFiles, historyBytes });
  let store: Store = await open();
  const first = () => store.list('/', { limit: 1 });
  return {
    name: 'embedded',
    put: (key, value) => store.commit({ writes: [{ type: 'put', key, value }] }),
    remove: (key) => store.commit({ writes: [{ type: 'delete', key }] }),
    putAll: (keys, value) => store.commit({ writes: keys.map((key) => ({ type: 'put', key, value })) }),
    range: async (prefix, limit) => (await store.list(prefix, { limit })).entries.length,
    async watch(prefix, onEvent) {
      const onBatch = ({ events }: { events: readonly unknown[] }) => {
        for (let i = 0; i < events.length; i++) onEvent();
      };
      const { revision } = await store.status();
      const handle = await store.watch(prefix, revision, { onBatch, onEnd() {} });
      return () => handle.stop();
    },
    compact: async () => store.compact((await store.status()).revision),
    fileBytes: () => statSync(join(path, 'store.mdb')).size,
    cpuMs: () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
    async restart() {
      await store.close();
      return timed(async () => {
        store = await open();
        await first();
      });
    },
    stop: () => store.close(),
  };
}

export interface ServerOptions {
  name: string;
  command: string;
  args(urls: { client: string; peer: string; dir: string }): string[];
  /** The file that it keeps its data in, below its directory. */
  file: string;
}

/** A server that speaks etcd's API, with one client in this process. */
export async function server(dir: string, options: ServerOptions): Promise<Subject> {
  const own = join(dir, options.name.replace(/\W/g, '-'));
  mkdirSync(own, { recursive: true });
  const [client, peer] = [await freeUrl(), await freeUrl()];
  const args = options.args({ client, peer, dir: own });
  let running: ChildProcess;
  let connection: Connection;
  const start = async () => {
    running = spawn(options.command, args, { stdio: ['ignore', 'ignore', 'ignore'] });
    connection = new Connection(client, { tls: {}, clock: systemClock });
    for (const until = performance.now() + 30_000; !(await connection.ready(100)); ) {
      if (running.exitCode !== null || performance.now() > until)
        throw new Error(`${options.name} does not start`);
      connection.close();
      connection = new Connection(client, { tls: {}, clock: systemClock });
    }
    // Until it has a leader it does not answer.
    for (let tries = 0; ; tries++) {
      try {
        return await connection.call(KV.method.range, { key: utf8('/'), limit: 1n }, 1000);
      } catch (error) {
        if (tries > 30) throw error;
      }
    }
  };
  const end = async () => {
    connection.close();
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await gone;
  };
  await start();
  return {
    name: options.name,
    put: (key, value) => connection.call(KV.method.put, { key: utf8(key), value }, callTimeoutMs),
    putAll(keys, value) {
      const puts = keys.map((key) => ({
        request: { case: 'requestPut' as const, value: { key: utf8(key), value } },
      }));
      return connection.call(KV.method.txn, { success: puts }, callTimeoutMs);
    },
    async range(prefix, limit) {
      const asked = { key: utf8(prefix), rangeEnd: endOf(prefix), limit: BigInt(limit) };
      return (await connection.call(KV.method.range, asked, callTimeoutMs)).kvs.length;
    },
    watch: (prefix, onEvent) => watch(connection, prefix, onEvent),
    async compact() {
      const { header } = await connection.call(KV.method.range, { key: utf8('/'), limit: 1n }, callTimeoutMs);
      await connection.call(KV.method.compact, { revision: header?.revision, physical: true }, callTimeoutMs);
    },
    fileBytes: () => statSync(join(own, options.file)).size,
    cpuMs: () => cpuMsOf(running.pid),
    async restart() {
      await end();
      return timed(start);
    },
    stop: end,
  };
}

function watch(connection: Connection, prefix: string, onEvent: () => void): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const stream = connection.open(Watch.method.watch, {
      onMessage({ created, events }) {
        if (created) resolve(() => stream.cancel());
        for (let i = 0; i < events.length; i++) onEvent();
      },
      onEnd: reject,
    });
    stream.send({
      requestUnion: { case: 'createRequest', value: { key: utf8(prefix), rangeEnd: endOf(prefix) } },
    });
  });
}

/** In Linux's clock ticks, of which there are a hundred a second. */
function cpuMsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

function freeUrl(): Promise<string> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address() as AddressInfo;
      listener.close(() => resolve(`http://127.0.0.1:${port}`));
    });
  });
}

/** Whether this checkout's program has a command. */
export function hasCommand(program: string, command: string): boolean {
  const { stdout, status } = spawnSync(process.execPath, [program, '--help'], { encoding: 'utf8' });
  return status === 0 && new RegExp(`^  ${command}\\b`, 'm').test(stdout);
}

/** Real etcd. */
export const etcdServer = (command: string): ServerOptions => ({
  name: 'etcd',
  command,
  file: 'member/snap/db',
  args: ({ client, peer, dir }) => [
    ...['--name', 'bench', '--data-dir', dir, '--log-level', 'error'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...[
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `bench=${peer}`,
    ],
    // Half of the file may be free pages after churn; the usual 2 GB are not to end the run.
    ...['--quota-backend-bytes', String(8 * 2 ** 30)],
  ],
});

/** The embedded store behind etcd's API. */
export const k8tsEtcdServer = (program: string): ServerOptions => ({
  name: 'k8ts etcd',
  command: process.execPath,
  file: 'keys/store.mdb',
  args: ({ client, dir }) => [program, 'etcd', '--data-dir', dir, '--listen-client-urls', client],
});
