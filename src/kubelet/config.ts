import type { LogLinks } from './logs/log-links.ts';
import type { NodeAddress, Pod, Taint } from '../api/core/v1.ts';
import type { Client } from '../client/client.ts';
import type { Dialer } from '../platform/dial.ts';
import type { Platform } from '../platform/platform.ts';
import type { EvictionThresholds } from './eviction/pressure.ts';
import type { ImageLimits } from './images/image-collector.ts';
import type { NodeHost } from './node/node-host.ts';
import type { Runtime } from './runtimes/runtime.ts';
import type { KubeletServerOptions } from './server/options.ts';

/** What this kubelet does that not every kubelet of a supported version does, sorted. */
export const declaredFeatures: string[] = [
  'ExtendWebSocketsToKubelet',
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScalingInitContainers',
  'RestartAllContainersOnContainerExits',
];

export interface KubeletDirs {
  /** Volumes and the like of pods; `/var/lib/kubelet` on a plain machine. */
  root: string;
  /** Logs of containers; `/var/log/pods` on a plain machine. */
  logs: string;
  /** Links to those logs, for log agents; none where absent. */
  logLinks?: LogLinks;
  /** Manifests of static pods; none where absent. */
  staticPods?: string;
  /** Sockets of plugins, such as CSI drivers; none where absent. `/var/lib/kubelet/plugins_registry` on a plain machine. */
  plugins?: string;
  /** `Localhost` seccomp profiles; `<root>/seccomp` where absent. */
  seccomp?: string;
}

/** How the node presents itself. */
export interface NodeIdentity {
  addresses: NodeAddress[];
  labels?: Record<string, string>;
  /** Given to the node when it is first registered. */
  taints?: Taint[];
  providerId?: string;
  /** Wins over what the machine has, resource by resource. */
  capacity?: Record<string, string>;
  /** Kept from pods: capacity less this is allocatable. */
  reserved?: Record<string, string>;
  /** 110 unless given. */
  maxPods?: number;
}

export interface KubeletOptions {
  client: Client;
  runtime: Runtime;
  platform: Platform;
  host: NodeHost;
  dialer: Dialer;
  nodeName: string;
  dirs: KubeletDirs;
  node: NodeIdentity;
  cluster: { dnsServers: string[]; domain: string };
  /** The cgroup below which `kubepods` is made; empty for the root of all. */
  cgroupRoot?: string;
  maxPidsPerPod?: number;
  seccompDefault?: boolean;
  /** The HTTPS server for logs, exec and the like; none where absent. */
  server?: KubeletServerOptions;
  eviction?: Partial<EvictionThresholds>;
  imageGc?: Partial<ImageLimits>;
  intervals?: Partial<KubeletIntervals>;
  /** Called once the API server has the Node. */
  onRegistered?: () => void;
  /** Called with the addresses of a pod before the first of its containers starts, which wait until it resolves. It never rejects. */
  admitToNetwork?: (pod: Pod, addresses: readonly string[]) => Promise<void>;
}

export interface KubeletIntervals {
  /** Between looks at the node's state, and at least one write while it changes. */
  nodeStatusMs: number;
  /** Between writes of a node's status that does not change. */
  nodeReportMs: number;
  leaseMs: number;
  /** Between comparisons of what runs with what is known. */
  relistMs: number;
  /** After which a pod is looked at again though nothing has happened; up to half as much longer, by chance. */
  podResyncMs: number;
  housekeepingMs: number;
  staticPodsMs: number;
  /** Between looks for plugins that have come or gone. */
  pluginsMs: number;
  /** Between looks for claims that are ready for pods that are gone. */
  claimsMs: number;
  /** Between looks at how full volumes are. */
  volumeStatsMs: number;
  evictionMs: number;
  /** Between questions to the runtime how it is, while the node is ready. */
  runtimePollMs: number;
  /** The same while it is not ready: its network comes within moments, and everything waits for it. */
  unreadyPollMs: number;
  logRotationMs: number;
  imageGcMs: number;
}

export const defaultIntervals: KubeletIntervals = {
  nodeStatusMs: 10_000,
  nodeReportMs: 300_000,
  leaseMs: 10_000,
  relistMs: 10_000,
  podResyncMs: 60_000,
  housekeepingMs: 30_000,
  staticPodsMs: 5000,
  pluginsMs: 1000,
  claimsMs: 60_000,
  volumeStatsMs: 60_000,
  evictionMs: 10_000,
  runtimePollMs: 5000,
  unreadyPollMs: 100,
  logRotationMs: 10_000,
  imageGcMs: 300_000,
};
