import type {
  VirtualCluster,
  VirtualClusterOptions,
} from '../../../src/cluster/simulation/virtual-cluster.ts';
import { startCluster } from '../../../src/cluster/testing.ts';
import type { ApiRequest, Query, WatchEvent } from '../../../src/client/transport.ts';
import { StatusError } from '../../../src/machinery/status-error.ts';
import { type Answer, type Any, at, type CallOptions, Verbs } from './api.ts';
import { fresh } from './cluster.ts';

const cause = { reason: 'a test says so' };

function requestOf(method: string, target: string, { body, headers }: CallOptions): ApiRequest {
  const { pathname: path, searchParams } = new URL(target, 'https://cluster');
  const query: Query = Object.fromEntries(searchParams);
  const contentType = headers?.['content-type'] as ApiRequest['contentType'];
  return { method: method as ApiRequest['method'], path, query, body, contentType, cause };
}

const answerOf = (code: number, body: Any): Answer => ({ code, body, headers: {}, text: '' });

/** The API of a cluster on a virtual clock: what has to pass before an answer passes. */
class VirtualApi extends Verbs {
  readonly #cluster: VirtualCluster;

  constructor(cluster: VirtualCluster) {
    super();
    this.#cluster = cluster;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    try {
      const answer = await this.#cluster.client.transport.request(requestOf(method, path, options));
      return answerOf(200, structuredClone(answer));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return answerOf(error.code, error.status);
    }
  }
}

/** A cluster in which minutes pass in moments, and what tests ask of it. */
export class ConformanceWorld {
  readonly api: Verbs;
  readonly cluster: VirtualCluster;
  /** Addresses of pods whose probes fail. */
  readonly unwell: Set<string>;

  private constructor(cluster: VirtualCluster, unwell: Set<string>) {
    this.cluster = cluster;
    this.unwell = unwell;
    this.api = new VirtualApi(cluster);
  }

  static async start(options: VirtualClusterOptions = {}): Promise<ConformanceWorld> {
    const unwell = new Set<string>();
    const answers = (address: string) => !unwell.has(address);
    const usual = { nodes: 2, heartbeat: '1h', latencies: { startMs: 200 }, answers };
    const cluster = await startCluster({ clock: 'virtual', ...usual, ...options });
    return new ConformanceWorld(cluster, unwell);
  }

  /** Makes a namespace in which pods may be made. */
  async namespace(): Promise<string> {
    const ns = fresh('conformance');
    await this.api.post(at('v1', 'namespaces'), { metadata: { name: ns } });
    await this.cluster.settle();
    return ns;
  }

  /** Lets seconds pass until `check` gives something that counts as true; rejects with its last failure after five minutes. */
  async until<T>(check: () => Promise<T | false | undefined>, mostSeconds = 300): Promise<T> {
    let last: unknown = new Error(`not true after ${mostSeconds} s: ${check}`);
    for (let second = 0; second < mostSeconds; second++) {
      try {
        const found = await check();
        if (found) return found;
      } catch (error) {
        last = error;
      }
      await this.cluster.advance('1s');
    }
    throw last;
  }

  /** The pods with a label, by their names; without those that are going. */
  async pods(ns: string, labelSelector: string): Promise<Any[]> {
    const { items } = await this.api.get(
      `${at('v1', 'pods', { ns })}?labelSelector=${encodeURIComponent(labelSelector)}`,
    );
    const byName = (a: Any, b: Any) => (a.metadata.name < b.metadata.name ? -1 : 1);
    return items.filter((pod: Any) => !pod.metadata.deletionTimestamp).sort(byName);
  }

  /** Waits until as many pods with a label are ready, and no other is there. */
  ready(ns: string, labelSelector: string, count: number): Promise<Any[]> {
    return this.until(async () => {
      const found = await this.pods(ns, labelSelector);
      return found.length === count && found.every(isReady) && found;
    });
  }

  /** What becomes of the objects of a path from now on, in order. */
  async watch(path: string): Promise<WatchEvent[]> {
    const seen: WatchEvent[] = [];
    const onEvent = (event: WatchEvent) => void seen.push(event);
    await this.cluster.client.transport.watch(requestOf('GET', path, {}), { onEvent, onEnd() {} });
    return seen;
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
  }
}

export function isReady({ status }: Any): boolean {
  return status?.conditions?.some((c: Any) => c.type === 'Ready' && c.status === 'True') ?? false;
}

/** `ADDED name` and the like of each event about an object that came or went. */
export const comingsAndGoings = (events: readonly WatchEvent[]): string[] =>
  events
    .filter(({ type }) => type !== 'MODIFIED')
    .map(({ type, object }) => `${type} ${object.metadata.name}`);
