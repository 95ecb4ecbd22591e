// The whole way: pods are created over HTTPS by this process, and bound on the durable store by another.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../src/api/core/v1.ts';
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
import { Informers } from '../../src/client/informers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { connectHttps } from '../../src/platform/http-client.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { type Case, hopeless, nodeOf, podOf, shapeOf } from './cases.ts';
import type { Result, Sizes } from './pure.ts';
import type { Order, Serving, Usage } from './server.ts';

const cause = { reason: 'a benchmark' };
const writersAtOnce = 64;
/** Pods are created for so long at most; those that were are waited for so many times as long. */
const waitFor = 10;
/** How the names of the pods begin that are measured. */
const measured = 'measured-';
const platform = { clock: systemClock, random: systemRandom, log: silentLog };

/** Calls `fn` for all of them, so many at a time. */
async function each<T>(items: readonly T[], fn: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await fn(items[next++] as T);
  };
  await Promise.all(Array.from({ length: writersAtOnce }, worker));
}

class Bench {
  readonly admin: Client;
  readonly informers: Informers;
  readonly #usage: () => Promise<Usage>;
  /** When each pod that is measured was seen on a node. */
  readonly boundMs = new Map<string, number>();
  #wake: (() => void) | undefined;

  constructor(admin: Client, usage: () => Promise<Usage>) {
    this.admin = admin;
    this.#usage = usage;
    this.informers = new Informers({ client: admin, ...platform });
    const seen = ({ metadata, spec }: Stored<Pod>) => {
      if (!spec.nodeName || !metadata.name.startsWith(measured) || this.boundMs.has(metadata.name)) return;
      this.boundMs.set(metadata.name, performance.now());
      this.#wake?.();
    };
    this.informers.of(pods).onChange({ added: seen, updated: seen });
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
      await this.create(pods, podOf(name, shapeOf(one, i, nodeCount)));
    });
    // All that were created count: those that take longest would otherwise cost time and be left out.
    const bound = creating.then(() => this.#allBound(createdMs.size));
    await Promise.race([bound, systemClock.sleep(waitFor * mostMs)]);
    await creating;
    const after = await this.#usage();
    const placed = names.filter((name) => this.boundMs.has(name));
    const lastMs = Math.max(...placed.map((name) => this.boundMs.get(name) as number));
    const decisionsMs = placed.map(
      (name) => (this.boundMs.get(name) as number) - (createdMs.get(name) as number),
    );
    const cpuUs = (after.cpuUs - before.cpuUs) / placed.length;
    const seconds = (lastMs - start) / 1000;
    return { placed: placed.length, seconds, decisionsMs, cpuUs, peakMb: after.peakMb };
  }

  async #allBound(wanted: number): Promise<void> {
    while (this.boundMs.size < wanted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}

/** The process that serves; it answers one order after the other. */
class ServerProcess {
  readonly #path = mkdtempSync(join(process.cwd(), '.bench-scheduler-'));
  readonly #child: ChildProcess;

  constructor({ program, thread }: Program) {
    // As bin/k8ts starts it.
    this.#child = fork(program, ['serve', this.#path, ...(thread ? ['thread'] : [])], {
      execArgv: ['--max-semi-space-size=32'],
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
  const stop = new AbortController();
  try {
    const { origin, tls } = await server.serving();
    const transport = new HttpTransport({
      connect: connectHttps,
      servers: [origin],
      tls,
      userAgent: 'bench',
    });
    const bench = new Bench(new Client(transport), () => server.order<Usage>('usage'));
    bench.informers.start(stop.signal);
    await bench.fill(one, sizes);
    await server.order('schedule');
    const wanted = Math.min(sizes.pods, (one.mostPerNode ?? Number.POSITIVE_INFINITY) * sizes.nodes);
    const result = await bench.measure(one, { wanted, nodeCount: sizes.nodes }, mostMs);
    stop.abort();
    await bench.informers.stopped();
    transport.close();
    await server.order('stop');
    return result;
  } finally {
    stop.abort();
    server.end();
  }
}
