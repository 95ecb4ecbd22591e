import type { CrossVersionObjectReference } from '../../api/autoscaling/v2.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import type { Client } from '../../client/client.ts';
import type { Query } from '../../client/transport.ts';
import { parseDuration } from '../../machinery/duration.ts';
import { compileLabelSelector, formatLabelSelector, type Selector } from '../../machinery/label-selector.ts';
import { milliValue } from '../../machinery/quantity.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { Discover } from '../discovery.ts';

/** What one pod was measured at, in thousandths; `windowMs`: the time that was measured over, which ended `atMs`. */
export interface Sample {
  value: number;
  atMs: number;
  windowMs: number;
}

/** By the pod's name. */
export type Samples = Map<string, Sample>;

interface PodMetrics {
  metadata: { name: string; namespace: string };
  timestamp: string;
  window: string;
  containers: { name: string; usage: Record<string, string> }[];
}

interface MetricValue {
  describedObject: { name: string };
  timestamp: string;
  value: string;
}

interface ApiGroup {
  preferredVersion?: { version: string };
  versions: { version: string }[];
}

const customGroup = 'custom.metrics.k8s.io';
/** The versions of custom metrics that can be read. */
const customVersions = ['v1beta2', 'v1beta1'];
const externalRoot = '/apis/external.metrics.k8s.io/v1beta1';

/** The three metrics APIs, whoever serves them. Methods reject with upstream's texts where nothing can be had. */
export class MetricsApi {
  readonly #client: Client;
  readonly #discover: Discover;
  /** What has been asked, where the answers are to be remembered. */
  readonly #asked: Map<string, Promise<unknown>> | undefined;

  constructor(client: Client, discover: Discover, asked?: Map<string, Promise<unknown>>) {
    this.#client = client;
    this.#discover = discover;
    this.#asked = asked;
  }

  /** The same for one look, in which each thing is asked once: thousands of metrics may be of the same pods. */
  forOneLook(): MetricsApi {
    return new MetricsApi(this.#client, this.#discover, new Map());
  }

  /** What pods use of `cpu` or the like: all of a pod, or one container of it. */
  async resource(
    namespace: string,
    { selector, resource, container }: { selector: Selector; resource: string; container?: string },
  ): Promise<Samples> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
    const query = { labelSelector: formatLabelSelector(selector) };
    const items = await this.#items<PodMetrics>(
      'resource',
      () => this.#get(path, query),
      'pods.metrics.k8s.io',
    );
    const found: Samples = new Map();
    for (const item of items) {
      const value =
        container === undefined ? usedByAll(item, resource) : usedByOne(item, resource, container);
      if (value === undefined) continue;
      const windowMs = parseDuration(item.window) / 1e6;
      found.set(item.metadata.name, { value, atMs: Date.parse(item.timestamp), windowMs });
    }
    return found;
  }

  /** A metric of each of the pods. */
  async pods(
    namespace: string,
    { selector, metric, narrowed }: { selector: Selector; metric: string; narrowed?: LabelSelector },
  ): Promise<Samples> {
    const metricLabelSelector = textOf(narrowed);
    const query = { labelSelector: formatLabelSelector(selector) || undefined, metricLabelSelector };
    const path = `/namespaces/${namespace}/pods/*/${encodeURIComponent(metric)}`;
    const items = await this.#items<MetricValue>('custom', () => this.#getCustom(path, query));
    return new Map(
      items.map(({ describedObject, timestamp, value }) => [
        describedObject.name,
        { value: milliValue(value), atMs: Date.parse(timestamp), windowMs: 60_000 },
      ]),
    );
  }

  /** A metric of one object of the namespace, or of the namespace itself; in thousandths. */
  async object(
    namespace: string,
    {
      reference,
      metric,
      narrowed,
    }: { reference: CrossVersionObjectReference; metric: string; narrowed?: LabelSelector },
  ): Promise<number> {
    try {
      const name = encodeURIComponent(metric);
      const described = await this.#describedPath(reference);
      const path = `/namespaces/${namespace}/${described}/${name}`;
      const answer = await this.#getCustom(path, { metricLabelSelector: textOf(narrowed) });
      const { items } = answer as { items: MetricValue[] };
      const [only] = items;
      if (items.length !== 1 || !only)
        throw new Error(
          `the custom metrics API server returned ${items.length} results when we asked for exactly one`,
        );
      return milliValue(only.value);
    } catch (error) {
      throw unreachable('custom', error);
    }
  }

  /** All values of a metric from outside the cluster, in thousandths. */
  async external(namespace: string, metric: string, narrowed: LabelSelector | undefined): Promise<number[]> {
    const path = `${externalRoot}/namespaces/${namespace}/${encodeURIComponent(metric)}`;
    const query = { labelSelector: textOf(narrowed) };
    const get = () => this.#get(path, query);
    const items = await this.#items<MetricValue>('external', get, `${metric}.external.metrics.k8s.io`);
    return items.map(({ value }) => milliValue(value));
  }

  async #items<T>(api: string, get: () => Promise<unknown>, resource?: string): Promise<T[]> {
    const answer = await get().catch((error) => {
      throw unreachable(api, error, resource);
    });
    const { items } = answer as { items: T[] };
    if (items.length === 0) throw new Error(`no metrics returned from ${api} metrics API`);
    return items;
  }

  #get(path: string, query: Query): Promise<unknown> {
    const key = JSON.stringify([path, query]);
    const before = this.#asked?.get(key);
    if (before) return before;
    const answer = this.#client.transport.request({ method: 'GET', path, query });
    this.#asked?.set(key, answer);
    return answer;
  }

  /** Asks in the version that its server prefers, of those that can be read. */
  async #getCustom(path: string, query: Query): Promise<unknown> {
    const group = (await this.#get(`/apis/${customGroup}`, {}).catch((error) => {
      if (!hasReason(error, 'NotFound')) throw error;
      throw new Error(`no custom metrics API (${customGroup}) registered`);
    })) as ApiGroup;
    const offered = [group.preferredVersion, ...group.versions].map((v) => v?.version ?? '');
    const version = offered.find((v) => customVersions.includes(v));
    if (!version) throw new Error('no known available metric versions found');
    return this.#get(`/apis/${customGroup}/${version}${path}`, query);
  }

  /** Where the metrics of an object are found below its namespace. */
  async #describedPath({ apiVersion = '', kind, name }: CrossVersionObjectReference): Promise<string> {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';
    if (kind === 'Namespace' && group === '') return 'metrics';
    const row = (await this.#discover()).find((r) => r.kind === kind && r.group === group);
    if (row) return `${group ? `${row.plural}.${group}` : row.plural}/${encodeURIComponent(name)}`;
    const full = group ? `${kind}.${group}` : kind;
    throw new Error(`unable to map kind ${full} to resource: ${noMatches(kind, group)}`);
  }
}

/** Upstream's text where no resource is of a kind. */
export const noMatches = (kind: string, group: string): string =>
  `no matches for kind "${kind}" in group "${group}"`;

const unserved = 'the server could not find the requested resource';

/** Where no server answers for `resource` at all, upstream's client names it. */
function unreachable(api: string, error: unknown, resource?: string): Error {
  const { message } = error as Error;
  const named = resource && message === unserved ? ` (get ${resource})` : '';
  return new Error(`unable to fetch metrics from ${api} metrics API: ${message}${named}`);
}

/** Undefined where there is nothing to narrow by, so that it is left out of the query. */
function textOf(selector: LabelSelector | undefined): string | undefined {
  return formatLabelSelector(compileLabelSelector(selector) ?? []) || undefined;
}

/** Undefined where something of the pod is not known. */
function usedByAll({ containers }: PodMetrics, resource: string): number | undefined {
  const amounts = containers.map(({ usage }) => usage[resource]);
  if (amounts.length === 0 || amounts.includes(undefined)) return undefined;
  return amounts.reduce((sum, text) => sum + milliValue(text as string), 0);
}

function usedByOne({ containers, metadata }: PodMetrics, resource: string, name: string): number | undefined {
  const found = containers.find((c) => c.name === name);
  if (!found) {
    const pod = `${metadata.namespace}/${metadata.name}`;
    throw new Error(
      `failed to get container metrics: container ${name} not present in metrics for pod ${pod}`,
    );
  }
  const text = found.usage[resource];
  return text === undefined ? undefined : milliValue(text);
}
