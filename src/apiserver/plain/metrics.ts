import type { RequestMetrics } from '../corridor/corridor.ts';
import type { Addressed } from '../discovery/discovery.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { PathMux } from '../corridor/plain-routes.ts';
import { isLongRunning } from '../corridor/request-info.ts';
import type { RequestInfo } from '../request.ts';
import type { WatchMetrics, WatchObserver } from '../http/responder.ts';
import { Histogram } from '../../platform/metrics/histogram.ts';
import type { Metric, Value } from '../../platform/metrics/metric.ts';
import { labelsKey, type RequestLabels, requestLabels } from './request-labels.ts';

const durationBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const objectiveBounds = durationBounds.slice(2);

/** How many of something there are under these labels. */
export interface Count {
  labels: Record<string, string>;
  count: number;
}

/** What is read off other parts of the server whenever somebody asks for the metrics. */
export interface MetricSources {
  /** Requests that are worked on, or wait for their turn, by `request_kind`. */
  inFlight(): Iterable<Count>;
  inQueue(): Iterable<Count>;
  /** Stored objects by `group` and `resource`. */
  objects(): Iterable<Count>;
  /** Labels of `kubernetes_build_info`. */
  build: Record<string, string>;
  /** What other parts count themselves; there may be more each time. */
  more(): Promise<Iterable<Metric>>;
}

interface Series {
  labels: RequestLabels;
  codes: Map<number, number>;
  durations: Histogram;
  objectives: Histogram;
}

/** The text of all metrics there are. */
interface Exposition {
  /** One more, unless it is among them. */
  add(metric: Metric): void;
  text(): Promise<string>;
  contentType: string;
}

interface Watched {
  labels: Record<string, string>;
  open: number;
  events: number;
}

/** The metrics of the server under upstream's names. What they cost while nobody looks is a look-up or two a request. */
export class Metrics implements RequestMetrics, WatchMetrics {
  readonly #serves: (about: Addressed) => boolean;
  /** By what is cheap to work out; several keys may lead to the same series. */
  readonly #requests = new Map<string, Series>();
  /** By all labels. */
  readonly #series = new Map<string, Series>();
  readonly #watches = new Map<string, Watched>();
  /** What has been asked for that is deprecated. */
  readonly #deprecated = new Map<string, Record<string, string>>();
  #exposition: Promise<Exposition> | undefined;

  /** `serves`: whether what a request is about is there. */
  constructor(serves: (about: Addressed) => boolean) {
    this.#serves = serves;
  }

  observe(x: Exchange, { code, durationMs }: { code: number; durationMs: number }): void {
    // Who is refused may have made it up, and each name that is kept takes memory for good.
    const known = code < 400 || this.#serves(x.info);
    const series = getOrAdd(this.#requests, labelsKey(x, known), () => this.#seriesOf(x, known));
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    if (isLongRunning(x.info)) return;
    series.durations.observe(durationMs / 1000);
    if (series.labels.dry_run === '') series.objectives.observe(durationMs / 1000);
  }

  #seriesOf(x: Exchange, known: boolean): Series {
    const labels = requestLabels(x, known);
    return getOrAdd(this.#series, Object.values(labels).join(' '), () => ({
      labels,
      codes: new Map(),
      durations: new Histogram(durationBounds),
      objectives: new Histogram(objectiveBounds),
    }));
  }

  /** Counts a watch for as long as it lasts, and what it says. */
  watch(x: Exchange): WatchObserver {
    const { dry_run: _, ...labels } = requestLabels(x, true);
    const made = () => ({ labels, open: 0, events: 0 });
    const watched = getOrAdd(this.#watches, Object.values(labels).join(' '), made);
    watched.open++;
    return {
      onEvent: () => void watched.events++,
      onOver: () => void watched.open--,
    };
  }

  noteDeprecated({ group, version, resource, subresource }: RequestInfo): void {
    const key = `${group}/${version}/${resource}/${subresource}`;
    // No release is known that removes any of it.
    getOrAdd(this.#deprecated, key, () => ({ group, version, resource, subresource, removed_release: '' }));
  }

  serve(mux: PathMux, sources: MetricSources): void {
    mux.handle('/metrics', async () => {
      this.#exposition ??= this.#load(sources);
      const exposition = await this.#exposition;
      for (const metric of await sources.more()) exposition.add(metric);
      return { contentType: exposition.contentType, body: await exposition.text() };
    });
  }

  async #load(sources: MetricSources): Promise<Exposition> {
    // Bundled, a CommonJS package has its default export alone.
    const { Registry, collectDefaultMetrics } = (await import('prom-client')).default;
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const added = new Set<Metric>();
    const add = (metric: Metric) => {
      if (added.has(metric)) return;
      added.add(metric);
      const { name, type, values } = metric;
      // Of the process others may know more.
      registry.removeSingleMetric(name);
      const help = metric.stability ? `[${metric.stability}] ${metric.help}` : metric.help;
      const get = async () => ({ name, help, type, values: values(), aggregator: 'sum' });
      registry.registerMetric({ name, help, type, get } as never);
    };
    this.#metrics(sources).forEach(add);
    return { add, text: () => registry.metrics(), contentType: registry.contentType };
  }

  #metrics({ inFlight, inQueue, objects, build }: MetricSources): Metric[] {
    const gauge = (name: string, help: string, counts: () => Iterable<Count>): Metric => ({
      name,
      type: 'gauge',
      help,
      values: () => [...counts()].map(({ labels, count }) => ({ labels, value: count })),
    });
    return [
      ...this.#requestMetrics(),
      ...this.#watchMetrics(),
      gauge('apiserver_current_inflight_requests', 'Requests that are worked on now.', inFlight),
      gauge('apiserver_current_inqueue_requests', 'Requests that wait for their turn.', inQueue),
      gauge('apiserver_resource_objects', 'Stored objects of each resource.', objects),
      gauge('apiserver_storage_objects', 'Stored objects by resource and group in one name.', () =>
        [...objects()].map(({ labels: { resource, group }, count }) => {
          const name = group ? `${resource}.${group}` : (resource as string);
          return { labels: { resource: name }, count };
        }),
      ),
      {
        ...gauge('apiserver_requested_deprecated_apis', 'What is deprecated and has been asked for.', () =>
          [...this.#deprecated.values()].map((labels) => ({ labels, count: 1 })),
        ),
        stability: 'STABLE',
      },
      gauge('kubernetes_build_info', 'The version that is spoken.', () => [{ labels: build, count: 1 }]),
    ];
  }

  #requestMetrics(): Metric[] {
    const all = () => [...this.#series.values()];
    const durations = 'apiserver_request_duration_seconds';
    const objectives = 'apiserver_request_sli_duration_seconds';
    return [
      {
        name: 'apiserver_request_total',
        type: 'counter',
        help: 'Requests by verb, resource and code.',
        values: () =>
          all().flatMap(({ labels, codes }) =>
            [...codes].map(([code, value]) => ({ labels: { ...labels, code: String(code) }, value })),
          ),
      },
      {
        name: durations,
        type: 'histogram',
        help: 'How long requests took, watches left out.',
        values: () => all().flatMap((series) => series.durations.values(durations, series.labels)),
      },
      {
        name: objectives,
        type: 'histogram',
        help: 'The same for requests that are no dry run; the time of webhooks is in it.',
        values: () =>
          all()
            .filter(({ labels }) => labels.dry_run === '')
            .flatMap(({ objectives: found, labels: { dry_run: _, ...labels } }) =>
              found.values(objectives, labels),
            ),
      },
    ];
  }

  #watchMetrics(): Metric[] {
    const all = () => [...this.#watches.values()];
    const sums = () => {
      const found = new Map<string, Value>();
      for (const { labels, events } of all()) {
        const { group = '', version = '', resource = '' } = labels;
        const key = `${group}/${version}/${resource}`;
        getOrAdd(found, key, () => ({ labels: { group, version, resource }, value: 0 })).value += events;
      }
      return [...found.values()];
    };
    return [
      {
        name: 'apiserver_longrunning_requests',
        type: 'gauge',
        help: 'Watches that are open.',
        values: () => all().map(({ labels, open }) => ({ labels, value: open })),
      },
      {
        name: 'apiserver_watch_events_total',
        type: 'counter',
        help: 'Events that watchers were sent.',
        values: sums,
      },
    ];
  }
}

function getOrAdd<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
