import type { RequestMetrics } from '../corridor/corridor.ts';
import type { Exchange } from '../corridor/exchange.ts';
import { isLongRunning } from '../corridor/request-info.ts';
import type { PathMux } from '../corridor/plain-routes.ts';

const bucketsSeconds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

interface Durations {
  labels: Record<string, string>;
  /** Requests no slower than each bucket and slower than the one before; the last one is for all beyond. */
  counts: number[];
  sumSeconds: number;
}

interface Value {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

function labelsOf({ info, request }: Exchange): Record<string, string> {
  const scope = info.namespace ? 'namespace' : info.name ? 'resource' : 'cluster';
  const { group, version, resource, subresource } = info;
  const verb = info.isResource ? info.verb.toUpperCase() : request.method;
  return {
    component: 'apiserver',
    verb,
    group,
    version,
    resource,
    subresource,
    scope: info.isResource ? scope : '',
  };
}

/** Counts requests. What it costs while nobody looks is two look-ups a request. */
export class Metrics implements RequestMetrics {
  readonly #totals = new Map<string, { labels: Record<string, string>; count: number }>();
  readonly #durations = new Map<string, Durations>();
  #exposition: Promise<{ metrics(): Promise<string>; contentType: string }> | undefined;

  observe(x: Exchange, { code, durationMs }: { code: number; durationMs: number }): void {
    const { info, request } = x;
    // Resources that nobody serves would make the number of series grow with what clients make up.
    const known = info.isResource && code !== 404;
    const what = known
      ? `${info.verb} ${info.group}/${info.version}/${info.resource}/${info.subresource}`
      : request.method;
    const key = `${what} ${info.namespace === '' ? '' : 'n'}`;
    const labels = () => (known ? labelsOf(x) : { component: 'apiserver', verb: request.method });
    const total = getOrAdd(this.#totals, `${key} ${code}`, () => ({
      labels: { ...labels(), code: String(code) },
      count: 0,
    }));
    total.count++;
    if (isLongRunning(info)) return;
    const empty = () => ({ labels: labels(), counts: bucketsSeconds.map(() => 0).concat(0), sumSeconds: 0 });
    const durations = getOrAdd(this.#durations, key, empty);
    const seconds = durationMs / 1000;
    const bucket = bucketsSeconds.findIndex((limit) => seconds <= limit);
    const at = bucket < 0 ? bucketsSeconds.length : bucket;
    durations.counts[at] = (durations.counts[at] as number) + 1;
    durations.sumSeconds += seconds;
  }

  serve(mux: PathMux): void {
    mux.handle('/metrics', async () => {
      this.#exposition ??= this.#load();
      const exposition = await this.#exposition;
      return { contentType: exposition.contentType, body: await exposition.metrics() };
    });
  }

  async #load() {
    // Bundled, a CommonJS package has its default export alone.
    const { Registry, collectDefaultMetrics } = (await import('prom-client')).default;
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const register = (name: string, type: 'counter' | 'histogram', help: string, values: () => Value[]) => {
      const get = async () => ({ name, help, type, values: values(), aggregator: 'sum' });
      registry.registerMetric({ name, help, type, get } as never);
    };
    register('apiserver_request_total', 'counter', 'Requests by verb, resource and code.', () =>
      [...this.#totals.values()].map(({ labels, count }) => ({ labels, value: count })),
    );
    register(
      'apiserver_request_duration_seconds',
      'histogram',
      'How long requests took, watches left out.',
      () => [...this.#durations.values()].flatMap(histogramValues),
    );
    return registry;
  }
}

function histogramValues({ labels, counts, sumSeconds }: Durations): Value[] {
  const name = 'apiserver_request_duration_seconds';
  let sum = 0;
  const buckets = counts.map((count, i) => {
    sum += count;
    return {
      labels: { ...labels, le: bucketsSeconds[i] ?? '+Inf' },
      value: sum,
      metricName: `${name}_bucket`,
    };
  });
  return [
    ...buckets,
    { labels, value: sumSeconds, metricName: `${name}_sum` },
    { labels, value: sum, metricName: `${name}_count` },
  ];
}

function getOrAdd<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
