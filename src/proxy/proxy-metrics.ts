import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { Clock } from '../platform/clock.ts';
import { exponentialBounds } from '../platform/metrics/histogram.ts';
import type { Counter, Family, Meter } from '../platform/metrics/meter.ts';
import type { WithoutLocal } from './fronts.ts';

const family = 'IPv4';
const prefix = 'kubeproxy';
const stability = 'ALPHA';
/** When the last change happened of which a slice tells, as its controller writes it. */
const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

const syncBounds = exponentialBounds(0.001, 2, 15);
const steps = (first: number, step: number, count: number) =>
  Array.from({ length: count }, (_, i) => first + i * step);
const programmingBounds = [
  ...steps(0.25, 0.25, 2),
  ...steps(1, 1, 59),
  ...steps(60, 5, 12),
  ...steps(120, 30, 7),
];

/** One round in which the rules are brought up to date. */
export interface SyncRound {
  done(isApplied: boolean): void;
}

const named = (name: string, help: string, ...labels: string[]) =>
  ({ name: `${prefix}_${name}`, help, stability, labels }) as const;

/** Metrics of one address family, of which the proxy has only one. */
const ofFamily = (meter: Meter) => ({
  seconds: (name: string, help: string, bounds: readonly number[]) =>
    meter.histogram({ ...named(name, help, 'ip_family'), bounds }).with(family),
  gauge: (name: string, help: string) => meter.gauge(named(name, help, 'ip_family')).with(family),
  counter: (name: string, help: string) => meter.counter(named(name, help, 'ip_family')).with(family),
});

/** Of what the proxy does when changes come. */
function changeSeries(meter: Meter) {
  const { gauge, seconds } = ofFamily(meter);
  const count = (name: string, help: string) => meter.counter(named(name, help)).with();
  const level = (name: string, help: string) => meter.gauge(named(name, help)).with();
  return {
    services: count('sync_proxy_rules_service_changes_total', 'Changes of Services.'),
    endpoints: count('sync_proxy_rules_endpoint_changes_total', 'Changes of endpoints.'),
    servicesPending: level(
      'sync_proxy_rules_service_changes_pending',
      'Changed Services that the rules do not follow yet.',
    ),
    endpointsPending: level(
      'sync_proxy_rules_endpoint_changes_pending',
      'Services whose endpoints the rules do not follow yet.',
    ),
    queued: gauge('sync_proxy_rules_last_queued_timestamp_seconds', 'When the last change was seen.'),
    programming: seconds(
      'network_programming_duration_seconds',
      'From when a pod or Service changed until the rules followed.',
      programmingBounds,
    ),
  };
}

/** Of how the rules are brought up to date. */
function syncSeries(meter: Meter) {
  const { gauge, seconds, counter } = ofFamily(meter);
  counter('sync_proxy_rules_nftables_cleanup_failures_total', 'Chains left over that nft did not remove.');
  return {
    durations: seconds(
      'sync_proxy_rules_duration_seconds',
      'How long it took to bring the rules up to date.',
      syncBounds,
    ),
    last: gauge('sync_proxy_rules_last_timestamp_seconds', 'When the rules were last brought up to date.'),
    failures: counter('sync_proxy_rules_nftables_sync_failures_total', 'Rules that nft refused.'),
    flowDurations: seconds(
      'conntrack_reconciler_sync_duration_seconds',
      'How long it took to end flows to backends that are gone.',
      syncBounds,
    ),
    flows: counter('conntrack_reconciler_deleted_entries_total', 'Flows that were ended.'),
  };
}

/** What the proxy does, under the names of upstream's proxy of nftables. Times of changes before its start do not count. */
export class ProxyMetrics {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #changes: ReturnType<typeof changeSeries>;
  readonly #syncs: ReturnType<typeof syncSeries>;
  readonly #probes: Record<'healthz' | 'livez', Family<Counter>>;
  readonly #changedServices = new Set<string>();
  readonly #changedEndpoints = new Set<string>();
  /** When what is not in the rules yet happened, by Service. */
  readonly #triggers = new Map<string, readonly number[]>();
  readonly #withoutLocal = new Map<string, WithoutLocal>();

  constructor(meter: Meter, clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#changes = changeSeries(meter);
    this.#changes.servicesPending.follow(() => this.#changedServices.size);
    this.#changes.endpointsPending.follow(() => this.#changedEndpoints.size);
    this.#syncs = syncSeries(meter);
    this.#probes = {
      healthz: meter.counter(named('proxy_healthz_total', 'Answers about health by status.', 'code')),
      livez: meter.counter(named('proxy_livez_total', 'Answers about liveness by status.', 'code')),
    };
    meter.readings(
      named(
        'sync_proxy_rules_no_local_endpoints_total',
        'Ports of Services that stay on the node, and have nobody there.',
        'ip_family',
        'traffic_policy',
      ),
      () =>
        (['internal', 'external'] as const).map(
          (policy) => [[family, policy], this.#countWithoutLocal(policy)] as const,
        ),
    );
  }

  serviceChanged(key: string): void {
    this.#changes.services.add();
    this.#changedServices.add(key);
    this.#queued();
  }

  /** A slice of a Service came, changed or (`isGone`) went. */
  endpointsChanged(key: string, { metadata }: EndpointSlice, isGone: boolean): void {
    this.#changes.endpoints.add();
    this.#changedEndpoints.add(key);
    this.#queued();
    const triggered = Date.parse(metadata.annotations?.[triggerAnnotation] ?? '');
    if (isGone) this.#triggers.delete(key);
    else if (triggered > this.#startMs)
      this.#triggers.set(key, [...(this.#triggers.get(key) ?? []), triggered]);
  }

  /** A Service's ports that nobody on this node serves; undefined where it is gone. */
  setWithoutLocal(key: string, ports: WithoutLocal | undefined): void {
    if (ports && ports.internal + ports.external > 0) this.#withoutLocal.set(key, ports);
    else this.#withoutLocal.delete(key);
  }

  /** The rules are about to follow all changes so far. */
  begin(): SyncRound {
    const started = this.#clock.monotonic();
    this.#changedServices.clear();
    this.#changedEndpoints.clear();
    const triggers = [...this.#triggers];
    this.#triggers.clear();
    return {
      done: (isApplied) => {
        this.#syncs.durations.observe((this.#clock.monotonic() - started) / 1000);
        if (!isApplied) return this.#failed(triggers);
        const now = this.#clock.now();
        this.#syncs.last.set(now / 1000);
        for (const [, those] of triggers)
          for (const triggered of those) this.#changes.programming.observe((now - triggered) / 1000);
      },
    };
  }

  /** Flows were ended, which began then on the monotonic clock. */
  flowsEnded(count: number, startedMs: number): void {
    this.#syncs.flows.add(count);
    this.#syncs.flowDurations.observe((this.#clock.monotonic() - startedMs) / 1000);
  }

  answered(path: 'healthz' | 'livez', status: number): void {
    this.#probes[path].with(String(status)).add();
  }

  #failed(triggers: readonly (readonly [key: string, those: readonly number[]])[]): void {
    this.#syncs.failures.add();
    for (const [key, those] of triggers)
      this.#triggers.set(key, [...those, ...(this.#triggers.get(key) ?? [])]);
  }

  #queued(): void {
    this.#changes.queued.set(this.#clock.now() / 1000);
  }

  #countWithoutLocal(policy: keyof WithoutLocal): number {
    let count = 0;
    for (const ports of this.#withoutLocal.values()) count += ports[policy];
    return count;
  }
}
