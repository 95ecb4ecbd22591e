import type { Node, Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import { endpointslices, nodes, servicecidrs, services } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import type { Recorder } from '../client/event-recorder.ts';
import { type Informer, keyOf } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { ipv4Range, outermostRanges, printIPv4Range } from '../machinery/ip.ts';
import { internalAddress, ownServiceRanges } from '../machinery/service-ranges.ts';
import type { Clock } from '../platform/clock.ts';
import { type Deferred, deferred } from '../platform/deferred.ts';
import type { Log } from '../platform/log.ts';
import { MetricRegistry } from '../platform/metrics/registry.ts';
import { orAborted } from '../platform/on-abort.ts';
import { TurnSteps } from '../platform/turn.ts';
import type { Flow, ProxyBackend } from './backend.ts';
import { Claims } from './claims.ts';
import { contributionOf } from './contribution.ts';
import { kubernetesVersion } from '../machinery/kubernetes-version.ts';
import { Diagnostics } from './diagnostics.ts';
import { proxiedAddress } from './endpoints.ts';
import { type Front, frontKey, frontsOf, portsWithoutLocal } from './fronts.ts';
import { HealthServers, type HealthServersOptions, serviceHealthOf } from './health-servers.ts';
import { type NodeView, viewOf } from './node-view.ts';
import { ProxyMetrics } from './proxy-metrics.ts';
import { Ruleset } from './ruleset.ts';
import { settingsOf } from './settings.ts';
import { isEligible, SyncHealth } from './sync-health.ts';

export interface ProxyOptions {
  nodeName: string;
  /** Addresses of all pods of the cluster, such as `10.244.0.0/16`. */
  podRange: string;
  informers: Informers;
  backend: ProxyBackend;
  /** Where load balancers ask how this node is. */
  health: Pick<HealthServersOptions, 'listen' | 'host' | 'port'>;
  /** Where administrators and Prometheus ask about the proxy. */
  diagnostics: { readonly host: string; readonly port: number };
  events: Recorder;
  clock: Clock;
  log: Log;
}

/** Changes within this time go into one transaction. */
const gatherMs = 20;
/** How often it is checked that the rules still stand. */
const checkMs = 30_000;
const retryMs = 1000;
const serviceNameLabel = 'kubernetes.io/service-name';
const bySlicesOf = 'service';
/** Services planned, and lines written, after which the kubelet and DNS of this process have their turn: a line has hundreds of elements. */
const servicesPerTurn = 50;
const linesPerTurn = 16;

/** What a Service wants. */
interface Wanted {
  fronts: readonly Front[];
  /** Its cluster address, which is refused on all other ports. */
  address: string | undefined;
}

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
  readonly #ruleset: Ruleset;
  readonly #dirty = new Set<string>();
  readonly #claims = new Claims();
  /** What each Service wants, and those of it that no other Service has. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #fronts = new Map<string, readonly Front[]>();
  readonly #health: SyncHealth;
  readonly #healthServers: HealthServers;
  readonly #metrics: ProxyMetrics;
  readonly #diagnostics: Diagnostics;
  /** Flows that go to backends that are gone, until the rules that say so are in force. */
  readonly #stale = new Map<string, Flow>();
  #wake: Deferred<void> = deferred();
  #mustReload = true;
  #rangesChanged = true;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#ruleset = new Ruleset(options.podRange);
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
    this.#subscribe();
    const informers = [this.#services, this.#slices, this.#nodes, this.#serviceCidrs];
    await orAborted(Promise.all(informers.map(({ synced }) => synced)), signal);
    if (signal.aborted) return;
    const { clock, log } = this.#options;
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true });
    this.#openPorts();
    void this.#options.backend
      .prepare()
      .catch((error) => log.warn('flows are remembered as the machine has it', { error: String(error) }));
    const checking = this.#checkNowAndThen(signal);
    while (!signal.aborted) {
      try {
        await this.#sync();
        this.#health.updated();
        this.#openPorts();
      } catch (error) {
        log.warn('rules not applied; the whole table will be made anew', { error: String(error) });
        this.#mustReload = true;
        await clock.sleep(retryMs, signal).catch(() => {});
        continue;
      }
      await this.#wake.promise;
      await clock.sleep(gatherMs, signal).catch(() => {});
    }
    await checking;
    await Promise.all([this.#healthServers.close(), this.#diagnostics.close()]);
  }

  #openPorts(): void {
    void this.#healthServers.sync();
    void this.#diagnostics.sync();
  }

  #subscribe(): void {
    const mark = (key: string) => {
      this.#dirty.add(key);
      this.#health.queued();
      this.#wake.resolve();
    };
    const markService = (service: Service) => {
      this.#metrics.serviceChanged(keyOf(service));
      mark(keyOf(service));
    };
    this.#services.onChange({ added: markService, updated: markService, deleted: markService });
    const markSlice = (slice: EndpointSlice, isGone: boolean) => {
      const key = serviceOf(slice);
      if (key === undefined) return;
      this.#metrics.endpointsChanged(key, slice, isGone);
      mark(key);
    };
    this.#slices.onChange({
      added: (slice) => markSlice(slice, false),
      deleted: (slice) => markSlice(slice, true),
      updated: (slice, old) => {
        if (serviceOf(old) !== serviceOf(slice)) markSlice(old, true);
        markSlice(slice, false);
      },
    });
    this.#subscribeToPlaces(mark);
  }

  /** Services are looked at anew when this node is another, and their ranges when any node is elsewhere. */
  #subscribeToPlaces(mark: (key: string) => void): void {
    const { nodeName } = this.#options;
    const markAll = () => {
      for (const service of this.#services.list()) mark(keyOf(service));
    };
    const placed = () => {
      this.#rangesChanged = true;
      this.#wake.resolve();
    };
    this.#nodes.onChange({
      added: (node) => {
        placed();
        if (node.metadata.name === nodeName) markAll();
      },
      updated: (node, old) => {
        if (internalAddress(node) !== internalAddress(old)) placed();
        const isOther = JSON.stringify(viewOf('', node)) !== JSON.stringify(viewOf('', old));
        if (node.metadata.name === nodeName && isOther) markAll();
      },
      deleted: placed,
    });
    this.#serviceCidrs.onChange({ added: placed, updated: placed, deleted: placed });
  }

  async #sync(): Promise<void> {
    const round = this.#metrics.begin();
    let isApplied = false;
    try {
      await this.#follow();
      isApplied = true;
    } finally {
      round.done(isApplied);
    }
    await this.#forgetStale();
  }

  /** Computes what is dirty, and applies what changed by it. */
  async #follow(): Promise<void> {
    this.#wake = deferred();
    const keys = [...this.#dirty];
    this.#dirty.clear();
    const steps = new TurnSteps(servicesPerTurn);
    const touched = new Set(keys);
    for (const key of keys) {
      for (const moved of this.#claim(key)) touched.add(moved);
      await steps.taken();
    }
    for (const key of touched) {
      for (const flow of this.#place(key)) this.#stale.set(flowKey(flow), flow);
      await steps.taken();
    }
    if (this.#rangesChanged) this.#placeRanges();
    const script = await textOf(this.#mustReload ? this.#ruleset.reload() : this.#ruleset.takeChanges());
    if (script) await this.#options.backend.apply(script);
    this.#mustReload = false;
  }

  #placeRanges(): void {
    this.#rangesChanged = false;
    const own = ownServiceRanges({
      serviceCidrs: this.#serviceCidrs.list(),
      nodes: this.#nodes.list(),
      podRange: this.#options.podRange,
    });
    const ranges = own.map(ipv4Range).filter((range) => range !== undefined);
    this.#ruleset.setServiceRanges(outermostRanges(ranges).map(printIPv4Range));
  }

  async #forgetStale(): Promise<void> {
    const flows = [...this.#stale.values()];
    if (flows.length === 0) return;
    this.#stale.clear();
    const started = this.#options.clock.monotonic();
    this.#metrics.flowsEnded(await this.#options.backend.forgetFlows(flows), started);
  }

  /** Notes what a Service wants now; gives the other Services whose part changes by it. */
  #claim(key: string): Set<string> {
    const service = this.#services.get(key);
    const slices = this.#slices.byIndex(bySlicesOf, key);
    const wanted = service && this.#wantedBy(service, slices);
    this.#healthServers.set(key, service && serviceHealthOf(service, slices, this.#options.nodeName));
    const fronts = wanted?.fronts ?? [];
    const moved = this.#claims.set(key, service?.metadata ?? {}, fronts);
    this.#metrics.setWithoutLocal(key, service && portsWithoutLocal(service, fronts));
    this.#sayWhatIsTaken(key, fronts);
    if (wanted) this.#wanted.set(key, wanted);
    else this.#wanted.delete(key);
    return moved;
  }

  #wantedBy(service: Service, slices: readonly EndpointSlice[]): Wanted {
    return { fronts: frontsOf(service, slices, this.#node()), address: proxiedAddress(service) };
  }

  #sayWhatIsTaken(key: string, fronts: readonly Front[]): void {
    const known = new Set(this.#wanted.get(key)?.fronts.map(frontKey));
    for (const front of fronts.map(frontKey)) {
      const holder = this.#claims.holder(front);
      if (holder !== key && !known.has(front))
        this.#options.log.warn('another Service has this address and port', { service: key, front, holder });
    }
  }

  /** Brings one Service's part up to date; gives the flows that go to backends it has lost. */
  #place(key: string): Flow[] {
    const wanted = this.#wanted.get(key);
    const isOurs = (front: Front) => this.#claims.holder(frontKey(front)) === key;
    const fronts = (wanted?.fronts ?? []).filter(isOurs);
    this.#ruleset.set(key, wanted && contributionOf(fronts, wanted.address));
    const before = this.#fronts.get(key) ?? [];
    if (wanted) this.#fronts.set(key, fronts);
    else this.#fronts.delete(key);
    return staleFlows(before, fronts);
  }

  #node(): NodeView {
    const { nodeName } = this.#options;
    return viewOf(nodeName, this.#nodes.get(nodeName));
  }

  /** Somebody may flush all rules of the machine: then ours are put back. */
  async #checkNowAndThen(signal: AbortSignal): Promise<void> {
    const { clock, backend, log } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(checkMs, signal).catch(() => {});
      this.#openPorts();
      if (signal.aborted || this.#mustReload || (await backend.isInstalled())) continue;
      log.warn('the table of the proxy has vanished and is made anew');
      this.#mustReload = true;
      this.#wake.resolve();
    }
  }
}

/** The key of the Service that a slice belongs to. */
function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[serviceNameLabel];
  return name ? `${metadata.namespace}/${name}` : undefined;
}

async function textOf(lines: Iterable<string>): Promise<string> {
  const steps = new TurnSteps(linesPerTurn);
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    await steps.taken();
  }
  return text;
}

const flowKey = ({ protocol, address, port }: Flow) => `${protocol} ${address} ${port}`;

/** UDP has no end of a connection: what was sent to a backend that is gone must be made to choose again. */
export function staleFlows(before: readonly Front[], after: readonly Front[]): Flow[] {
  const [had, has] = [udpFronts(before), udpFronts(after)];
  return [...new Map([...had, ...has])]
    .filter(([key]) => losesFlows(had.get(key), has.get(key)))
    .map(([, { protocol, address, port }]) => ({ protocol, address, port }));
}

/** By their keys: a Service may have thousands of ports. */
const udpFronts = (fronts: readonly Front[]): ReadonlyMap<string, Front> =>
  new Map(fronts.filter(({ protocol }) => protocol === 'udp').map((front) => [frontKey(front), front]));

function losesFlows(before: Front | undefined, after: Front | undefined): boolean {
  const backendsIn = (front: Front | undefined) =>
    [front?.action, front?.inner].flatMap((action) =>
      action?.type === 'spread' ? action.backends.map((b) => `${b.address}:${b.port}`) : [],
    );
  const had = backendsIn(before);
  const has = new Set(backendsIn(after));
  // Also flows that began while nobody was there go on to nobody.
  return had.some((backend) => !has.has(backend)) || (had.length === 0 && has.size > 0);
}
