import { setMaxListeners } from 'node:events';
import type { Node, Pod, Service } from '../api/core/v1.ts';
import { nodes, pods, services } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import { Informers } from '../client/informers.ts';
import { timestamp } from '../platform/clock.ts';
import type { HttpServer } from '../platform/http.ts';
import { defaultIntervals, type KubeletIntervals, type KubeletOptions } from './config.ts';
import { parseResolvConf } from './containers/dns.ts';
import { Evictor } from './eviction/evictor.ts';
import { defaultThresholds } from './eviction/pressure.ts';
import { defaultImageLimits, ImageCollector } from './images/image-collector.ts';
import { ImagePuller } from './images/image-puller.ts';
import { LogRotator } from './logs/log-rotator.ts';
import { NodeAgent } from './node/node-agent.ts';
import type { HostFacts } from './node/node-host.ts';
import { nodeAllocatable, nodeCapacity } from './node/node-object.ts';
import { repeat } from './node/repeat.ts';
import type { NodeContext } from './pods/context.ts';
import { Allocations } from './pods/allocations.ts';
import { EventFollower } from './pods/event-follower.ts';
import { Hooks } from './pods/hooks.ts';
import { Housekeeper } from './pods/housekeeper.ts';
import { Intake } from './pods/intake.ts';
import { Killer } from './pods/killer.ts';
import { podUidLabel } from './pods/labels.ts';
import { PodLifecycle } from './pods/lifecycle.ts';
import type { NodeFacts } from './pods/node-facts.ts';
import { ObjectCache } from './pods/object-cache.ts';
import { orphanPod } from './pods/orphans.ts';
import { PodWorkers } from './pods/pod-workers.ts';
import { StaticPods, type StaticPodsOptions } from './pods/static-pods.ts';
import { Resizer } from './pods/resizer.ts';
import { amountsOf } from './pods/resources.ts';
import { type PodName, RuntimeView } from './pods/runtime-view.ts';
import { Starter } from './pods/starter.ts';
import { Syncer } from './pods/syncer.ts';
import { ProbeManager } from './probes/probe-manager.ts';
import { Prober } from './probes/prober.ts';
import { KubeletServer, type KubeletServerParts } from './server/kubelet-server.ts';
import { StatusManager } from './status/status-manager.ts';
import { VolumeContent } from './volumes/content.ts';
import { TokenManager } from './volumes/token-manager.ts';
import { VolumeManager } from './volumes/volume-manager.ts';

const logRotationMs = 10_000;
const imageGcMs = 300_000;

/** The kubelet of one node: runs the pods that the API gives to it. Stopping it leaves the pods running. */
export function createKubelet(options: KubeletOptions): Component {
  return { name: 'kubelet', run: (signal) => runKubelet(options, signal) };
}

interface Watched {
  pods: Informer<Pod>;
  node: Informer<Node>;
  services: Informer<Service>;
}

interface Assembly {
  agent: NodeAgent;
  facts: NodeFacts;
  watched: Watched;
}

async function runKubelet(options: KubeletOptions, signal: AbortSignal): Promise<void> {
  const { client, platform, nodeName, runtime } = options;
  const { clock, random } = platform;
  const log = platform.log.named('kubelet');
  const source = { component: 'kubelet', host: nodeName };
  const recorder = new EventRecorder({ client, clock, random, log, source });
  const context: NodeContext = { nodeName, client, runtime, platform: { ...platform, log }, recorder };
  const own = AbortSignal.any([signal]);
  // All of a node hangs on this one.
  setMaxListeners(0, own);
  await new Kubelet(options, context).run(own);
  await recorder.flush();
}

/** The parts of a kubelet and how they hang together. */
class Kubelet {
  readonly #options: KubeletOptions;
  readonly #context: NodeContext;
  readonly #intervals: KubeletIntervals;
  #port = 0;
  #wakeAll: () => void = () => {};
  #pressure: Evictor['pressure'] = () => ({ memoryPressure: false, diskPressure: false, pidPressure: false });

  constructor(options: KubeletOptions, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#intervals = { ...defaultIntervals, ...options.intervals };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { host, node: identity, dirs } = this.#options;
    const { clock, log } = this.#context.platform;
    const machine = await host.facts();
    const agent = new NodeAgent({
      context: this.#context,
      host,
      facts: machine,
      identity,
      rootDir: dirs.root,
      intervals: this.#intervals,
      port: () => this.#port,
      onReady: () => this.#wakeAll(),
      pressure: () => this.#pressure(),
    });
    await agent.poll();
    const once = new AbortController();
    const register = repeat({
      clock,
      intervalMs: 1000,
      signal: AbortSignal.any([signal, once.signal]),
      task: () => agent.register().then(() => once.abort()),
      onError: (error) => log.warn('node not registered yet', { error: error.message }),
    });
    await register;
    if (signal.aborted) return;
    const watched = this.#watch(signal);
    await Promise.race([watched.informers.synced(), aborted(signal)]);
    if (signal.aborted) return watched.informers.stopped();
    const facts = await this.#facts(machine);
    await this.#work({ signal, agent, machine, facts, watched });
    await watched.informers.stopped();
  }

  #watch(signal: AbortSignal): Watched & { informers: Informers } {
    const { client, platform, nodeName } = this.#context;
    const { clock, random, log } = platform;
    const informers = new Informers({ client, clock, random, log });
    const watched = {
      informers,
      pods: informers.of(pods, { fieldSelector: `spec.nodeName=${nodeName}` }),
      node: informers.of(nodes, { fieldSelector: `metadata.name=${nodeName}` }),
      services: informers.of(services),
    };
    informers.start(signal);
    return watched;
  }

  async #facts(machine: HostFacts): Promise<NodeFacts> {
    const {
      host,
      node: identity,
      dirs,
      cluster,
      cgroupRoot = '',
      maxPidsPerPod,
      seccompDefault,
    } = this.#options;
    const capacity = nodeCapacity(machine, await host.disk(dirs.root), identity);
    const internal = identity.addresses.filter((a) => a.type === 'InternalIP').map((a) => a.address);
    return {
      hostIps: internal,
      memoryBytes: machine.memoryBytes,
      allocatable: amountsOf(nodeAllocatable(capacity, identity.reserved)),
      dns: {
        clusterServers: cluster.dnsServers,
        clusterDomain: cluster.domain,
        node: parseResolvConf(await host.resolvConf()),
      },
      hostsFile: await host.hostsFile(),
      defaults: {
        seccompDefault: seccompDefault ?? false,
        seccompDir: dirs.seccomp ?? `${dirs.root}/seccomp`,
      },
      rootDir: dirs.root,
      logsDir: dirs.logs,
      podsCgroup: `${cgroupRoot}/kubepods`,
      maxPidsPerPod,
    };
  }

  async #work(input: Assembly & { signal: AbortSignal; machine: HostFacts }): Promise<void> {
    const { signal, agent, facts, watched } = input;
    const { host } = this.#options;
    const { clock, log } = this.#context.platform;
    const parts = await this.#assemble(input);
    const { workers, view, statuses, probes, objects, volumes, collector, evictor } = parts;
    const node = () => watched.node.get(this.#context.nodeName);
    const intake = new Intake({
      context: this.#context,
      pods: watched.pods,
      node,
      workers,
      statuses,
      onMirror: () => void statics?.sync().catch(tell('static pods not in order')),
    });
    const statics = this.#staticPods({
      ...parts,
      informer: watched.pods,
      node,
      admit: (pod) => intake.admit(pod),
    });
    const tell = (what: string) => (error: Error) => log.warn(what, { error: error.message });
    const relist = () => this.#relist(view, workers);
    this.#followPodCidr(watched.node);
    const writing = statuses.run(signal);
    intake.start();
    await statics?.sync().catch(tell('static pods not in order'));
    await relist().catch(tell('runtime not listed'));
    new EventFollower({ context: this.#context, view, workers, relist }).run(signal);
    const server = await this.#serve({
      facts: input.machine,
      logsDir: facts.logsDir,
      settings: settingsOf(this.#options),
      workers,
      view,
      statuses,
      probes,
    });
    const keeper = new Housekeeper({ context: this.#context, host, facts, workers, volumes });
    const rotator = new LogRotator(this.#context);
    const every = (intervalMs: number, task: () => Promise<void>, what: string) =>
      repeat({ clock, intervalMs, signal, task, onError: tell(what) });
    await Promise.all([
      agent.run(signal),
      every(this.#intervals.relistMs, relist, 'runtime not listed'),
      every(this.#intervals.staticPodsMs, async () => statics?.sync(), 'static pods not in order'),
      every(this.#intervals.evictionMs, () => evictor.check(), 'eviction failed'),
      every(imageGcMs, () => collector.collect(), 'images not collected'),
      every(logRotationMs, () => rotator.rotate(), 'logs not rotated'),
      every(this.#intervals.housekeepingMs, () => keeper.tidy(), 'housekeeping failed'),
      writing,
    ]);
    await server?.close();
    await workers.stop();
    probes.stop();
    objects.stop();
  }

  #staticPods(parts: Omit<StaticPodsOptions, 'context' | 'dir'>): StaticPods | undefined {
    const dir = this.#options.dirs.staticPods;
    return dir === undefined ? undefined : new StaticPods({ ...parts, context: this.#context, dir });
  }

  /** Answers the API server and its users; tells where. */
  async #serve(parts: Omit<KubeletServerParts, 'context' | 'host'>): Promise<HttpServer | undefined> {
    const { server: options, host } = this.#options;
    if (!options) return undefined;
    const server = await new KubeletServer({ ...parts, context: this.#context, host }).listen(options);
    this.#port = server.port;
    return server;
  }

  async #assemble({ agent, facts, watched }: Assembly) {
    const context = this.#context;
    const { host, dialer } = this.#options;
    const { runtime, platform } = context;
    const runtimeName = (await runtime.version()).name;
    const view = new RuntimeView(runtime, platform.files);
    const statuses = new StatusManager(context, watched.pods);
    const tokens = new TokenManager(context);
    const wake = (uid: string) => workers.wake(uid);
    const objects = new ObjectCache(context, wake);
    const probes = new ProbeManager({ context, prober: new Prober(runtime, dialer), onVerdict: wake });
    const addresses = (pod: Pod) => addressesOf(pod, statuses, facts);
    const content = new VolumeContent({ objects, tokens, addresses, allocatable: () => facts.allocatable });
    const allocatable = () => facts.allocatable;
    const volumes = new VolumeManager({
      context,
      mounts: host.mounts,
      rootDir: facts.rootDir,
      content,
      allocatable,
    });
    const hooks = new Hooks(context, dialer);
    const killer = new Killer(context, hooks);
    const images = new ImagePuller(context);
    const servicesNow = () => watched.services.list();
    const starter = new Starter({ context, host, facts, images, objects, hooks, services: servicesNow });
    const resizer = new Resizer({ context, host, facts, killer });
    const syncer = new Syncer({ context, facts, images, objects, starter, killer, probes, resizer });
    const networkTrouble = () => agent.networkTrouble();
    const lifecycle = new PodLifecycle({
      context,
      host,
      facts,
      runtimeName,
      view,
      statuses,
      volumes,
      tokens,
      objects,
      images,
      probes,
      syncer,
      killer,
      resizer,
      allocations: new Allocations(),
      node: () => watched.node.get(context.nodeName),
      activePods: () => workers.active(),
      networkTrouble,
    });
    const workers: PodWorkers = new PodWorkers(platform, lifecycle);
    this.#wakeAll = () => {
      for (const { uid } of workers.all()) workers.wake(uid);
    };
    const { collector, evictor } = this.#scavengers(facts, workers, images);
    return { workers, view, statuses, probes, objects, volumes, collector, evictor };
  }

  /** What makes room before the node runs out of it. */
  #scavengers(facts: NodeFacts, workers: PodWorkers, images: ImagePuller) {
    const { host, eviction, imageGc } = this.#options;
    const context = this.#context;
    const collector = new ImageCollector({
      context,
      limits: { ...defaultImageLimits, ...imageGc },
      space: () => host.disk(facts.rootDir),
      wasPulled: (id) => images.wasPulled(id),
    });
    const thresholds = { ...defaultThresholds, ...eviction };
    const evictor = new Evictor({ context, host, facts, workers, images: collector, thresholds });
    this.#pressure = () => evictor.pressure();
    return { collector, evictor };
  }

  /** Wakes the pods that changed, and ends those that nobody knows any more. */
  async #relist(view: RuntimeView, workers: PodWorkers): Promise<void> {
    const { pods: listed, changed } = await view.relist();
    for (const uid of changed) workers.wake(uid);
    for (const name of listed) if (!workers.get(name.uid)) await this.#endUnknown(name, workers);
  }

  async #endUnknown(name: PodName, workers: PodWorkers): Promise<void> {
    const { runtime, platform } = this.#context;
    const containers = await runtime.containers.list({ labels: { [podUidLabel]: name.uid } });
    workers.update(orphanPod(name, containers, timestamp(platform.clock)));
    workers.orphan(name.uid);
  }

  /** Runtimes that give pods their addresses themselves are told from which range. */
  #followPodCidr(informer: Informer<Node>): void {
    const { runtime, platform } = this.#context;
    let told: string | undefined;
    const follow = (node: Node) => {
      const cidr = node.spec.podCIDR;
      if (!cidr || cidr === told) return;
      told = cidr;
      runtime.setPodCidr(cidr).catch((error: Error) => {
        told = undefined;
        platform.log.warn('runtime does not take the range of pod addresses', { error: error.message });
      });
    };
    informer.onChange({ added: follow, updated: follow });
  }
}

/** What the kubelet was told, in the words of `KubeletConfiguration`. */
function settingsOf({
  cluster,
  node,
  dirs,
  cgroupRoot,
  maxPidsPerPod,
  seccompDefault,
  server,
}: KubeletOptions) {
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    clusterDNS: cluster.dnsServers,
    clusterDomain: cluster.domain,
    staticPodPath: dirs.staticPods,
    podLogsDir: dirs.logs,
    cgroupRoot,
    podPidsLimit: maxPidsPerPod,
    seccompDefault: seccompDefault ?? false,
    maxPods: node.maxPods,
    address: server?.host,
    port: server?.port,
  };
}

function addressesOf(pod: Pod, statuses: StatusManager, facts: NodeFacts) {
  const status = statuses.latest(pod);
  const podIps = (status.podIPs ?? []).map((p) => p.ip);
  return { podIps, hostIps: facts.hostIps };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
