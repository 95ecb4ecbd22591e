import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { AddressFamily } from '../machinery/address-family.ts';
import type { Clock } from '../platform/clock.ts';
import { exponentialBounds } from '../platform/metrics/histogram.ts';
import type { Counter, Family, Meter } from '../platform/metrics/meter.ts';
import type { WithoutLocal } from './fronts.ts';

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

/** All that is counted for each family, as upstream labels it, but for changes: these are counted for all together. */
function familySeries(meter: Meter) {
  const label = 'ip_family';
  const seconds = (name: string, help: string, bounds: readonly number[]) =>
    meter.histogram({ ...named(name, help, label), bounds });
  const gauge = (name: string, help: string) => meter.gauge(named(name, help, label));
  const counter = (name: string, help: string) => meter.counter(named(name, help, label));
  const cleanups = counter(
    'sync_proxy_rules_nftables_cleanup_failures_total',
    'Chains left over that nft did not remove.',
  );
  const series = {
    queued: gauge('sync_proxy_rules_last_queued_timestamp_seconds', 'When the last change was seen.'),
    programming: seconds(
      'network_programming_duration_seconds',
      'From when a pod or Service changed until the rules followed.',
      programmingBounds,
    ),
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
  return ({ name }: AddressFamily) => {
    cleanups.with(name);
    return {
      queued: series.queued.with(name),
      programming: series.programming.with(name),
      durations: series.durations.with(name),
      last: series.last.with(name),
      failures: series.failures.with(name),
      flowDurations: series.flowDurations.with(name),
      flows: series.flows.with(name),
    };
  };
}

/** Changes of all families; a Service's is one for each, as upstream counts it. */
function changeCounters(meter: Meter) {
  const count = (name: string, help: string) => meter.counter(named(name, help)).with();
  return {
    services: count('sync_proxy_rules_service_changes_total', 'Changes of Services.'),
    endpoints: count('sync_proxy_rules_endpoint_changes_total', 'Changes of endpoints.'),
  };
}

type Changes = ReturnType<typeof changeCounters>;
type FamilySeries = ReturnType<ReturnType<typeof familySeries>>;

/** What the proxy does, under the names of upstream's proxy of nftables. Times of changes before its start do not count. */
export class ProxyMetrics {
  readonly #clock: Clock;
  readonly #changes: Changes;
  readonly #seriesOf: (family: AddressFamily) => FamilySeries;
  readonly #probes: Record<'healthz' | 'livez', Family<Counter>>;
  readonly #families = new Map<AddressFamily, FamilyMetrics>();

  constructor(meter: Meter, clock: Clock) {
    this.#clock = clock;
    this.#changes = changeCounters(meter);
    this.#seriesOf = familySeries(meter);
    this.#probes = {
      healthz: meter.counter(named('proxy_healthz_total', 'Answers about health by status.', 'code')),
      livez: meter.counter(named('proxy_livez_total', 'Answers about liveness by status.', 'code')),
    };
    this.#addPending(meter);
    meter.readings(
      named(
        'sync_proxy_rules_no_local_endpoints_total',
        'Ports of Services that stay on the node, and have nobody there.',
        'ip_family',
        'traffic_policy',
      ),
      () =>
        [...this.#families].flatMap(([{ name }, metrics]) =>
          (['internal', 'external'] as const).map(
            (policy) => [[name, policy], metrics.countWithoutLocal(policy)] as const,
          ),
        ),
    );
  }

  #addPending(meter: Meter): void {
    const level = (name: string, help: string) => meter.gauge(named(name, help)).with();
    const countOf = (pending: 'changedServices' | 'changedEndpoints') =>
      new Set([...this.#families.values()].flatMap((family) => [...family[pending]])).size;
    level(
      'sync_proxy_rules_service_changes_pending',
      'Changed Services that the rules do not follow yet.',
    ).follow(() => countOf('changedServices'));
    level(
      'sync_proxy_rules_endpoint_changes_pending',
      'Services whose endpoints the rules do not follow yet.',
    ).follow(() => countOf('changedEndpoints'));
  }

  /** Those of a family that the proxy serves. */
  of(family: AddressFamily): FamilyMetrics {
    const known = this.#families.get(family);
    if (known) return known;
    const made = new FamilyMetrics(this.#seriesOf(family), this.#changes, this.#clock);
    this.#families.set(family, made);
    return made;
  }

  answered(path: 'healthz' | 'livez', status: number): void {
    this.#probes[path].with(String(status)).add();
  }
}

/** What the proxy does in one family. */
export class FamilyMetrics {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #changes: Changes;
  readonly #series: FamilySeries;
  /** Services that have changed, or whose endpoints have, and which the rules do not follow yet. */
  readonly changedServices = new Set<string>();
  readonly changedEndpoints = new Set<string>();
  /** When what is not in the rules yet happened, by Service. */
  readonly #triggers = new Map<string, readonly number[]>();
  readonly #withoutLocal = new Map<string, WithoutLocal>();

  constructor(series: FamilySeries, changes: Changes, clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#changes = changes;
    this.#series = series;
  }

  /** A Service came, changed or went: rules of this family may (`isConcerned`) have to follow. */
  serviceChanged(key: string, isConcerned: boolean): void {
    this.#changes.services.add();
    if (!isConcerned) return;
    this.changedServices.add(key);
    this.#queued();
  }

  /** A slice of a Service came, changed or (`isGone`) went. */
  endpointsChanged(key: string, { metadata }: EndpointSlice, isGone: boolean): void {
    this.#changes.endpoints.add();
    this.changedEndpoints.add(key);
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

  /** How many ports of all Services nobody on this node serves. */
  countWithoutLocal(policy: keyof WithoutLocal): number {
    let count = 0;
    for (const ports of this.#withoutLocal.values()) count += ports[policy];
    return count;
  }

  /** The rules are about to follow all changes so far. */
  begin(): SyncRound {
    const started = this.#clock.monotonic();
    this.changedServices.clear();
    this.changedEndpoints.clear();
    const triggers = [...this.#triggers];
    this.#triggers.clear();
    return {
      done: (isApplied) => {
        this.#series.durations.observe((this.#clock.monotonic() - started) / 1000);
        if (!isApplied) return this.#failed(triggers);
        const now = this.#clock.now();
        this.#series.last.set(now / 1000);
        for (const [, those] of triggers)
          for (const triggered of those) this.#series.programming.observe((now - triggered) / 1000);
      },
    };
  }

  /** Flows were ended, which began then on the monotonic clock. */
  flowsEnded(count: number, startedMs: number): void {
    this.#series.flows.add(count);
    this.#series.flowDurations.observe((this.#clock.monotonic() - startedMs) / 1000);
  }

  #failed(triggers: readonly (readonly [key: string, those: readonly number[]])[]): void {
    this.#series.failures.add();
    for (const [key, those] of triggers)
      this.#triggers.set(key, [...those, ...(this.#triggers.get(key) ?? [])]);
  }

  #queued(): void {
    this.#series.queued.set(this.#clock.now() / 1000);
  }
}
