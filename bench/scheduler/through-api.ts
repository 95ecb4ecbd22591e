// The whole way: pods are created over HTTPS by this process, and bound on the durable store by another.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  namespaces,
  nodes,
  pods,
  priorityclasses,
  serviceaccounts,
} from '../../src/api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../src/api/resource.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { LineSplitter } from '../../src/client/line-splitter.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { connectHttps } from '../../src/platform/http-client.ts';
import { Connection, type LoadRequest } from '../http2.mjs';
import { type Case, hopeless, nodeOf, podOf, shapeOf } from './cases.ts';
import type { Result, Sizes } from './pure.ts';
import type { Order, Serving, Usage } from './server.ts';

const cause = { reason: 'a benchmark' };
const writersAtOnce = 64;
/** Pods are created for so long at most; those that were are waited for so many times as long. */
const waitFor = 10;
/** How the names of the pods begin that are measured. */
const measured = 'measured-';
const measuredName = /"name":"(measured-\d+)"/;
const podsPath = '/api/v1/namespaces/bench/pods';
const connectionCount = 4;
const longestLine = 1024 * 1024;
/** With churn, after so many pods something else happens. */
const podsPerChurn = 10;

/** Calls `fn` for all of them, so many at a time. */
async function each<T>(items: readonly T[], fn: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await fn(items[next++] as T);
  };
  await Promise.all(Array.from({ length: writersAtOnce }, worker));
}

/** Sees pods bound, with as little work as can be: what it takes the server does not get. */
class BoundPods {
  /** When each pod that is measured was seen on a node. */
  readonly ms = new Map<string, number>();
  readonly #lines = new LineSplitter(longestLine);
  #wake: (() => void) | undefined;

  push(chunk: Uint8Array): void {
    for (const line of this.#lines.push(chunk)) {
      const name = measuredName.exec(line)?.[1];
      if (!name || this.ms.has(name) || !line.includes('"nodeName":"')) continue;
      this.ms.set(name, performance.now());
      this.#wake?.();
    }
  }

  async all(wanted: number): Promise<void> {
    while (this.ms.size < wanted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}

class Bench {
  readonly admin: Client;
  readonly #connections: readonly Connection[];
  readonly #usage: () => Promise<Usage>;
  readonly #bound = new BoundPods();

  /** Fills by the client, and measures over the connections. */
  constructor(admin: Client, connections: readonly Connection[], usage: () => Promise<Usage>) {
    this.admin = admin;
    this.#connections = connections;
    this.#usage = usage;
  }

  /** Watches pods from now on. */
  async watch(): Promise<void> {
    const { metadata } = await this.admin.of(pods).list({ limit: 1 });
    const path = `${podsPath}?watch=true&resourceVersion=${metadata.resourceVersion}`;
    await new Promise<void>((resolve, reject) => {
      const onData = (chunk: Uint8Array) => this.#bound.push(chunk);
      const request = { path, accept: 'application/json', onData, onStatus: () => resolve() };
      this.#connections[0]?.request(request, (error) => error && reject(error));
    });
  }

  #post(path: string, object: object, number: number): Promise<void> {
    return this.#call(
      { method: 'POST', path, accept: 'application/json', body: JSON.stringify(object) },
      number,
    );
  }

  #call(request: LoadRequest, number: number): Promise<void> {
    const connection = this.#connections[number % this.#connections.length] as Connection;
    return new Promise((resolve, reject) => {
      connection.request(request, (error, status) => {
        if (error || status >= 300) reject(error ?? new Error(`${request.path} was answered ${status}`));
        else resolve();
      });
    });
  }

  /** What happens beside: a node comes and goes, another pod comes and goes. */
  async #churn(i: number, { pod }: Case): Promise<void> {
    const { name } = nodeOf(1_000_000 + i, {}).metadata;
    const passing = podOf(`passing-${i}`, pod);
    const accept = 'application/json';
    await this.#post('/api/v1/nodes', { ...nodeOf(1_000_000 + i, {}), metadata: { name } }, i);
    await this.#post(podsPath, { ...passing, spec: { ...passing.spec, nodeName: `node-${i}` } }, i);
    await this.#call({ method: 'DELETE', path: `${podsPath}/passing-${i}`, accept }, i);
    await this.#call({ method: 'DELETE', path: `/api/v1/nodes/${name}`, accept }, i);
  }

  create<T extends KubernetesObject>(resource: Resource<T>, object: T): Promise<Stored<T>> {
    return this.admin.of(resource).create(object, { cause });
  }

  async fill({ before, hopeless: share = 0, ...rest }: Case, sizes: Sizes): Promise<void> {
    await this.create(namespaces, { metadata: { name: 'bench' }, spec: {} });
    await this.create(serviceaccounts, { metadata: { name: 'default', namespace: 'bench' } });
    await this.create(priorityclasses, { metadata: { name: 'important' }, value: 10 });
    const numbers = (count: number) => Array.from({ length: Math.floor(count) }, (_, i) => i);
    await each(numbers(sizes.nodes), async (i) => {
      const { uid: _, resourceVersion: __, creationTimestamp: ___, ...metadata } = nodeOf(i, rest).metadata;
      const node = await this.create(nodes, { ...nodeOf(i, rest), metadata });
      await this.admin.of(nodes).updateStatus({ ...node, status: nodeOf(i, rest).status }, { cause });
      // New nodes are tainted until somebody has seen them ready; there is no such controller here.
      const type = 'application/merge-patch+json';
      await this.admin.of(nodes).patch(node.metadata, { spec: { taints: null } }, { type, cause });
    });
    const perNode = before?.perNode ?? 0;
    await each(numbers(perNode * sizes.nodes), (i) => {
      const pod = podOf(`before-${i}`, before?.pod ?? {});
      return this.create(pods, { ...pod, spec: { ...pod.spec, nodeName: `node-${i % sizes.nodes}` } });
    });
    await each(numbers(share * sizes.nodes), (i) => this.create(pods, podOf(`hopeless-${i}`, hopeless)));
  }

  async measure(
    one: Case,
    { wanted, nodeCount }: { wanted: number; nodeCount: number },
    mostMs: number,
  ): Promise<Result> {
    const createdMs = new Map<string, number>();
    const before = await this.#usage();
    const start = performance.now();
    const names = Array.from({ length: wanted }, (_, i) => `${measured}${i}`);
    const creating = each([...names.entries()], async ([i, name]) => {
      if (performance.now() - start > mostMs) return;
      createdMs.set(name, performance.now());
      await this.#post(podsPath, podOf(name, shapeOf(one, i, nodeCount)), i);
      if (one.churn && i % podsPerChurn === 0) await this.#churn(i, one);
    });
    // All that were created count: those that take longest would otherwise cost time and be left out.
    const bound = creating.then(() => this.#bound.all(createdMs.size));
    await Promise.race([bound, systemClock.sleep(waitFor * mostMs)]);
    await creating;
    const after = await this.#usage();
    const boundMs = this.#bound.ms;
    const placed = names.filter((name) => boundMs.has(name));
    const lastMs = Math.max(...placed.map((name) => boundMs.get(name) as number));
    const decisionsMs = placed.map((name) => (boundMs.get(name) as number) - (createdMs.get(name) as number));
    const cpuUs = (after.cpuUs - before.cpuUs) / placed.length;
    const seconds = (lastMs - start) / 1000;
    return { placed: placed.length, seconds, decisionsMs, cpuUs, peakMb: after.peakMb };
  }
}

/** The process that serves; it answers one order after the other. */
class ServerProcess {
  readonly #path = mkdtempSync(join(process.cwd(), '.bench-scheduler-'));
  readonly #child: ChildProcess;

  constructor({ program, thread }: Program) {
    // As bin/k8ts starts it.
    this.#child = fork(program, ['serve', this.#path, ...(thread ? ['thread'] : [])], {
      execArgv: ['--max-semi-space-size=32', '--no-allocation-site-pretenuring'],
    });
  }

  async #answer(): Promise<unknown> {
    const gone = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the server has ended with ${code}`);
    });
    const [answer] = await Promise.race([once(this.#child, 'message'), gone]);
    return answer;
  }

  serving(): Promise<Serving> {
    return this.#answer() as Promise<Serving>;
  }

  async order<T>(order: Order): Promise<T> {
    const answer = this.#answer();
    this.#child.send(order);
    return (await answer) as T;
  }

  end(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#path, { recursive: true });
  }
}

/** What serves when its arguments are `serve` and a directory, and whether it is to schedule in a thread of its own. */
export interface Program {
  program: string;
  thread: boolean;
}

export async function runThroughApi(
  one: Case,
  sizes: Sizes,
  { mostMs, ...program }: { mostMs: number } & Program,
): Promise<Result> {
  const server = new ServerProcess(program);
  const connections: Connection[] = [];
  try {
    const { origin, tls } = await server.serving();
    const transport = new HttpTransport({
      connect: connectHttps,
      servers: [origin],
      tls,
      userAgent: 'bench',
    });
    for (let i = 0; i < connectionCount; i++) connections.push(new Connection(new URL(origin), tls));
    const bench = new Bench(new Client(transport), connections, () => server.order<Usage>('usage'));
    await bench.fill(one, sizes);
    await bench.watch();
    await server.order('schedule');
    const wanted = Math.min(sizes.pods, (one.mostPerNode ?? Number.POSITIVE_INFINITY) * sizes.nodes);
    const result = await bench.measure(one, { wanted, nodeCount: sizes.nodes }, mostMs);
    transport.close();
    await server.order('stop');
    return result;
  } finally {
    for (const connection of connections) connection.close();
    server.end();
  }
}
