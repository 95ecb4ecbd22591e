import type { Node, Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import { endpointslices, nodes, servicecidrs, services } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import type { Recorder } from '../client/event-recorder.ts';
import { type Informer, keyOf } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { type AddressFamily, familyOf, ipv6 } from '../machinery/address-family.ts';
import { internalAddress } from '../machinery/service-ranges.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { MetricRegistry } from '../platform/metrics/registry.ts';
import { orAborted } from '../platform/on-abort.ts';
import { kubernetesVersion } from '../machinery/kubernetes-version.ts';
import type { ProxyBackend } from './backend.ts';
import { Diagnostics } from './diagnostics.ts';
import { FamilyProxy } from './family-proxy.ts';
import type { ProxiedCluster } from './family-rules.ts';
import { HealthServers, type HealthServersOptions } from './health-servers.ts';
import { viewOf } from './node-view.ts';
import { ProxyMetrics } from './proxy-metrics.ts';
import { settingsOf } from './settings.ts';
import { isEligible, SyncHealth } from './sync-health.ts';

export interface ProxyOptions {
  nodeName: string;
  /** Addresses of all pods of the cluster, a range for each family in which they have any, such as `10.244.0.0/16`. */
  podRanges: readonly string[];
  informers: Informers;
  backend: ProxyBackend;
  /** Where load balancers ask how this node is. */
  health: Pick<HealthServersOptions, 'listen' | 'hosts' | 'port'>;
  /** Where administrators and Prometheus ask about the proxy. */
  diagnostics: { readonly host: string; readonly port: number };
  events: Recorder;
  clock: Clock;
  log: Log;
}

/** How often it is checked that the rules still stand. */
const checkMs = 30_000;
const serviceNameLabel = 'kubernetes.io/service-name';
const bySlicesOf = 'service';

/** Carries Services to their pods on one node: keeps the rules as Services and EndpointSlices want them. */
export function createProxy(options: ProxyOptions): Component {
  return { name: 'kube-proxy', run: (signal) => new Proxy(options).run(signal) };
}

class Proxy {
  readonly #options: ProxyOptions;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  /** All of the cluster, as the pod network follows them: Services have no addresses where nodes have theirs. */
  readonly #nodes: Informer<Node>;
  readonly #serviceCidrs: Informer<ServiceCIDR>;
  /** One for each family that this machine has. */
  #families: readonly FamilyProxy[] = [];
  readonly #health: SyncHealth;
  readonly #healthServers: HealthServers;
  readonly #metrics: ProxyMetrics;
  readonly #diagnostics: Diagnostics;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#services = options.informers.of(services);
    this.#slices = options.informers.of(endpointslices);
    this.#nodes = options.informers.of(nodes);
    this.#serviceCidrs = options.informers.of(servicecidrs);
    this.#slices.addIndex(bySlicesOf, (slice) => {
      const key = serviceOf(slice);
      return key === undefined ? [] : [key];
    });
    const registry = new MetricRegistry();
    const metrics = new ProxyMetrics(registry, options.clock);
    this.#metrics = metrics;
    const { listen } = options.health;
    const settings = settingsOf(options);
    this.#diagnostics = new Diagnostics({
      ...options.diagnostics,
      listen,
      registry,
      settings,
      version: kubernetesVersion,
      clock: options.clock,
      log: options.log,
    });
    const health = new SyncHealth(options.clock);
    this.#health = health;
    this.#healthServers = new HealthServers({
      ...options,
      ...options.health,
      health: () => health.report,
      isEligible: () => isEligible(this.#nodes.get(options.nodeName)),
      onAnswer: (path, status) => metrics.answered(path, status),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { backend, log } = this.#options;
    let families: readonly AddressFamily[] = [];
    await orAborted(
      backend.families().then((found) => (families = found)),
      signal,
    );
    if (signal.aborted) return;
    this.#families = families.map((family) => this.#proxyOf(family));
    this.#healthServers.listenIn(families);
    if (!families.includes(ipv6)) log.info('this machine has no IPv6: Services are served by IPv4 alone');
    this.#subscribe();
    const informers = [this.#services, this.#slices, this.#nodes, this.#serviceCidrs];
    await orAborted(Promise.all(informers.map(({ synced }) => synced)), signal);
    if (signal.aborted) return;
    this.#openPorts();
    void backend
      .prepare()
      .catch((error) => log.warn('flows are remembered as the machine has it', { error: String(error) }));
    await Promise.all([this.#checkNowAndThen(signal), ...this.#families.map((family) => family.run(signal))]);
    await Promise.all([this.#healthServers.close(), this.#diagnostics.close()]);
  }

  #proxyOf(family: AddressFamily): FamilyProxy {
    const { nodeName, podRanges, backend, clock, log } = this.#options;
    const metrics = this.#metrics.of(family);
    return new FamilyProxy({
      ...{ family, nodeName, backend, clock, log, metrics, health: this.#health },
      podRange: podRanges.find((range) => familyOf(range) === family),
      cluster: this.#cluster,
      onPlanned: (key, { health, withoutLocal }) => {
        this.#healthServers.set(family, key, health);
        metrics.setWithoutLocal(key, withoutLocal);
      },
      onSynced: () => this.#openPorts(),
    });
  }

  readonly #cluster: ProxiedCluster = {
    service: (key) => this.#services.get(key),
    slicesOf: (key) => this.#slices.byIndex(bySlicesOf, key),
    nodes: () => this.#nodes.list(),
    node: () => this.#nodes.get(this.#options.nodeName),
    serviceCidrs: () => this.#serviceCidrs.list(),
  };

  #openPorts(): void {
    void this.#healthServers.sync();
    void this.#diagnostics.sync();
  }

  #subscribe(): void {
    const markService = (service: Service) => {
      const key = keyOf(service);
      for (const family of this.#families) {
        const isConcerned = family.concerns(key, service);
        this.#metrics.of(family.family).serviceChanged(key, isConcerned);
        if (isConcerned) family.mark(key);
      }
    };
    this.#services.onChange({ added: markService, updated: markService, deleted: markService });
    const markSlice = (slice: EndpointSlice, isGone: boolean) => {
      const key = serviceOf(slice);
      const family = this.#families.find(({ family: { name } }) => name === slice.addressType);
      if (key === undefined || !family) return;
      this.#metrics.of(family.family).endpointsChanged(key, slice, isGone);
      family.mark(key);
    };
    this.#slices.onChange({
      added: (slice) => markSlice(slice, false),
      deleted: (slice) => markSlice(slice, true),
      updated: (slice, old) => {
        if (serviceOf(old) !== serviceOf(slice)) markSlice(old, true);
        markSlice(slice, false);
      },
    });
    for (const family of this.#families) this.#subscribeToPlaces(family);
  }

  /** Services are looked at anew when this node is another, and their ranges when any node is elsewhere. */
  #subscribeToPlaces(proxy: FamilyProxy): void {
    const { nodeName } = this.#options;
    const { family } = proxy;
    const markAll = () => {
      for (const service of this.#services.list()) {
        const key = keyOf(service);
        if (proxy.concerns(key, service)) proxy.mark(key);
      }
    };
    const placed = () => proxy.markRanges();
    const told = (node: Node) => JSON.stringify(viewOf('', node, family));
    this.#nodes.onChange({
      added: (node) => {
        placed();
        if (node.metadata.name === nodeName) markAll();
      },
      updated: (node, old) => {
        if (internalAddress(node, family) !== internalAddress(old, family)) placed();
        if (node.metadata.name === nodeName && told(node) !== told(old)) markAll();
      },
      deleted: placed,
    });
    this.#serviceCidrs.onChange({ added: placed, updated: placed, deleted: placed });
  }

  async #checkNowAndThen(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(checkMs, signal).catch(() => {});
      this.#openPorts();
      for (const family of this.#families) if (!signal.aborted) await family.check();
    }
  }
}

/** The key of the Service that a slice belongs to. */
function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[serviceNameLabel];
  return name ? `${metadata.namespace}/${name}` : undefined;
}
