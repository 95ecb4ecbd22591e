import type { Node, Pod, Service } from '../api/core/v1.ts';
import { nodes, pods, services } from '../api/generated/resources.ts';
import type { Informer } from '../client/informer.ts';
import { Informers } from '../client/informers.ts';
import { MetricRegistry } from '../platform/metrics/registry.ts';
import { defaultIntervals, type KubeletOptions } from './config.ts';
import { CsiDrivers } from './csi/csi-drivers.ts';
import { CsiVolumes } from './csi/csi-volumes.ts';
import { PodResourcesServer } from './devices/pod-resources-server.ts';
import { DeviceManager } from './devices/device-manager.ts';
import { DraManager } from './dra/dra-manager.ts';
import { Evictor } from './eviction/evictor.ts';
import { defaultThresholds } from './eviction/pressure.ts';
import { defaultImageLimits, ImageCollector } from './images/image-collector.ts';
import { ImagePuller } from './images/image-puller.ts';
import { PluginRegistry } from './plugins/plugin-registry.ts';
import { Allocations } from './pods/allocations.ts';
import type { NodeContext } from './pods/context.ts';
import { Hooks } from './pods/hooks.ts';
import { Killer } from './pods/killer.ts';
import { PodLifecycle } from './pods/lifecycle.ts';
import type { NodeFacts } from './pods/node-facts.ts';
import { ObjectCache } from './pods/object-cache.ts';
import { PodWorkers } from './pods/pod-workers.ts';
import { PodCgroups } from './cgroups/pod-cgroups.ts';
import { Resizer } from './pods/resizer.ts';
import { RuntimeView } from './pods/runtime-view.ts';
import { Starter } from './pods/starter.ts';
import { Syncer } from './pods/syncer.ts';
import { ProbeManager } from './probes/probe-manager.ts';
import { Prober } from './probes/prober.ts';
import { StatusManager } from './status/status-manager.ts';
import { VolumeContent } from './volumes/content.ts';
import { TokenManager } from './volumes/token-manager.ts';
import { VolumeManager } from './volumes/volume-manager.ts';
import { VolumeMeter } from './volumes/volume-meter.ts';

/** What a kubelet follows of the API. */
export interface Watched {
  informers: Informers;
  pods: Informer<Pod>;
  node: Informer<Node>;
  services: Informer<Service>;
}

export function watch({ client, platform, nodeName }: NodeContext, signal: AbortSignal): Watched {
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

export interface AssemblyInput {
  options: KubeletOptions;
  context: NodeContext;
  facts: NodeFacts;
  watched: Watched;
  /** Such as `containerd`. */
  runtimeName: string;
  /** Why pods cannot have a network yet; undefined when they can. */
  networkTrouble(): string | undefined;
  /** Writes the node's status where it has changed. */
  report(): Promise<void>;
}

/** The parts of a kubelet that others need. */
export interface Assembly {
  workers: PodWorkers;
  /** The pods that the node has taken in, with what it has set aside for them. */
  taken(): Pod[];
  view: RuntimeView;
  statuses: StatusManager;
  probes: ProbeManager;
  objects: ObjectCache;
  volumes: VolumeManager;
  /** Absent where the node takes in no plugins. */
  plugins: Plugins | undefined;
  /** Absent where the node takes in no plugins. */
  podResources: PodResourcesServer | undefined;
  /** Absent where the node has no volumes of drivers. */
  volumeMeter: VolumeMeter | undefined;
  collector: ImageCollector;
  evictor: Evictor;
  /** What the kubelet counts and measures of itself. */
  meter: MetricRegistry;
}

/** Makes the parts of a kubelet and hands each what it needs of the others. */
export function assemble(input: AssemblyInput): Assembly {
  const { options, context, facts, watched, runtimeName, networkTrouble } = input;
  const { host, dialer } = options;
  const { podResyncMs } = { ...defaultIntervals, ...options.intervals };
  const { runtime, platform } = context;
  const wake = (uid: string) => workers.wake(uid);
  const view = new RuntimeView(runtime, platform.files);
  const statuses = new StatusManager(context, watched.pods);
  const objects = new ObjectCache(context, wake);
  const tokens = new TokenManager(context);
  const meter = new MetricRegistry();
  const plugins = pluginsOf(input, { tokens, meter, onHealth: wake });
  const volumes = volumeManager(input, { objects, tokens, statuses, csi: plugins?.csi });
  const probes = new ProbeManager({ context, prober: new Prober(runtime, dialer), onVerdict: wake });
  const hooks = new Hooks(context, dialer);
  const killer = new Killer(context, hooks);
  const images = new ImagePuller(context, `${facts.rootDir}/image_manager`);
  const { podsCgroup: podsRoot, maxPidsPerPod: maxPids } = facts;
  const podCgroups = new PodCgroups({ cgroups: host.cgroups, podsRoot, maxPids });
  const resizer = new Resizer({ context, host, facts, killer, podCgroups });
  const { devices, dra } = plugins ?? {};
  const services = () => watched.services.list();
  const starter = new Starter({ context, host, facts, images, objects, hooks, devices, dra, services });
  const allocations = new Allocations();
  const { admitToNetwork } = options;
  const shared = { context, facts, images, objects, probes, killer, resizer, dra };
  const syncer = new Syncer({ ...shared, starter, admitToNetwork });
  const lifecycle = new PodLifecycle({
    ...shared,
    podCgroups,
    runtimeName,
    view,
    statuses,
    volumes,
    tokens,
    syncer,
    allocations,
    devices,
    node: () => watched.node.get(context.nodeName),
    activePods: () => workers.active(),
    wantedPods: () => workers.wanted(),
    wake,
    networkTrouble,
  });
  const workers: PodWorkers = new PodWorkers(platform, lifecycle, podResyncMs);
  const scavengers = scavengersOf(input, workers, images);
  const taken = () => workers.active().map((pod) => allocations.asHeld(pod));
  const pods = () => workers.active();
  const mounted = (uid: string) => volumes.mounted(uid);
  const volumeMeter = plugins && new VolumeMeter({ context, host, csi: plugins.csi, pods, mounted });
  const podResources = plugins && podResourcesOf(input, plugins, workers);
  const served = { plugins, podResources, volumeMeter };
  return { workers, taken, view, statuses, probes, objects, volumes, meter, ...served, ...scavengers };
}

function volumeManager(
  { options, context, facts, watched }: AssemblyInput,
  sources: {
    objects: ObjectCache;
    tokens: TokenManager;
    statuses: StatusManager;
    csi: CsiVolumes | undefined;
  },
): VolumeManager {
  const allocatable = () => facts.allocatable;
  const addresses = (pod: Pod) => {
    const podIps = (sources.statuses.latest(pod).podIPs ?? []).map((p) => p.ip);
    return { podIps, hostIps: facts.hostIps };
  };
  const content = new VolumeContent({
    objects: sources.objects,
    tokens: sources.tokens,
    addresses,
    allocatable,
  });
  return new VolumeManager({
    context,
    host: options.host,
    rootDir: facts.rootDir,
    content,
    ...(sources.csi && { csi: sources.csi }),
    allocatable,
    node: () => watched.node.get(context.nodeName),
  });
}

/** What the node takes in from programs beside it. */
export interface Plugins {
  registry: PluginRegistry;
  csi: CsiVolumes;
  devices: DeviceManager;
  dra: DraManager;
}

/** What agents of the node are told of the devices of its pods. */
function podResourcesOf(
  { context, facts }: AssemblyInput,
  { devices, dra }: Plugins,
  workers: PodWorkers,
): PodResourcesServer {
  return new PodResourcesServer({
    socketPath: `${facts.rootDir}/pod-resources/kubelet.sock`,
    platform: context.platform,
    devices,
    claims: dra,
    active: () => workers.active(),
    all: () => workers.all().map(({ pod }) => pod),
  });
}

function pluginsOf(
  { options, context, facts, report }: AssemblyInput,
  more: { tokens: TokenManager; meter: MetricRegistry; onHealth: (podUid: string) => void },
): Plugins | undefined {
  const dir = options.dirs.plugins;
  if (dir === undefined) return undefined;
  const { rootDir } = facts;
  const { mounts } = options.host;
  const drivers = new CsiDrivers(context);
  const { platform } = context;
  const onChange = () =>
    void report().catch((error: Error) =>
      platform.log.warn('devices not told yet', { error: error.message }),
    );
  const { tokens, meter, onHealth } = more;
  const dra = new DraManager({ context, rootDir, meter, onHealth });
  const devices = new DeviceManager({
    dir: `${rootDir}/device-plugins`,
    platform,
    meter,
    onChange,
    onHealth,
  });
  const handlers = { CSIPlugin: drivers, DevicePlugin: devices.registry, DRAPlugin: dra.drivers };
  const registry = new PluginRegistry({ dir, platform, handlers });
  const csi = new CsiVolumes({ context, rootDir, mounts, drivers, tokens, report });
  return { registry, csi, devices, dra };
}

/** What makes room before the node runs out of it. */
function scavengersOf(
  { options, context, facts }: AssemblyInput,
  workers: PodWorkers,
  images: ImagePuller,
): Pick<Assembly, 'collector' | 'evictor'> {
  const { host, eviction, imageGc } = options;
  const collector = new ImageCollector({
    context,
    limits: { ...defaultImageLimits, ...imageGc },
    space: () => host.disk(facts.rootDir),
    wasPulled: (id) => images.wasPulled(id),
    onRemoved: (id) => images.removed(id),
  });
  const thresholds = { ...defaultThresholds, ...eviction };
  return {
    collector,
    evictor: new Evictor({ context, host, facts, workers, images: collector, thresholds }),
  };
}
