/** Values that the kubelet and a runtime exchange. Moments are epoch milliseconds, sizes bytes. */

/** Which pod a sandbox belongs to. `attempt` counts the sandboxes that this pod has had. */
export interface PodIdentity {
  name: string;
  namespace: string;
  uid: string;
  attempt: number;
}

/** Which of its pod's containers this is. `attempt` is the restart count. */
export interface ContainerIdentity {
  name: string;
  attempt: number;
}

/** A profile that narrows what a process may do; `localhost` names one that stands on the node. */
export interface SecurityProfile {
  type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  localhost?: string;
}

export interface SelinuxOptions {
  user?: string;
  role?: string;
  type?: string;
  level?: string;
}

/** `length` ids from `hostId` on of the node stand for those from `containerId` on. */
export interface IdMapping {
  hostId: number;
  containerId: number;
  length: number;
}

/** Whose namespaces the processes see: the node's, the pod's, or (process ids only) their own or another container's. */
export interface PodNamespaces {
  network: 'pod' | 'node';
  ipc: 'pod' | 'node';
  pid: 'pod' | 'container' | 'node' | { containerId: string };
  /** A user namespace of the pod's own; the node's where absent. */
  user?: { uids: IdMapping[]; gids: IdMapping[] };
}

/** Limits and shares in the kernel's units; an absent one is left at the kernel's default. */
export interface LinuxResources {
  cpuShares?: number;
  /** Microseconds of CPU time in each period; -1 is no limit. */
  cpuQuotaUs?: number;
  cpuPeriodUs?: number;
  memoryLimitBytes?: number;
  /** Memory and swap together. */
  memorySwapLimitBytes?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  oomScoreAdj?: number;
  hugepageLimits?: { pageSize: string; limitBytes: number }[];
  /** Files of the unified cgroup hierarchy to write, such as `memory.high`. */
  unified?: Record<string, string>;
}

export interface DnsConfig {
  servers: string[];
  searches: string[];
  options: string[];
}

/** What all containers of a pod share. */
export interface SandboxSpec {
  pod: PodIdentity;
  /** Must be empty when the pod shares the node's network. */
  hostname: string;
  /** Absolute; container log paths are relative to it. The runtime makes it. */
  logDirectory: string;
  /** What the runtime writes to /etc/resolv.conf; the node's own where absent. */
  dns?: DnsConfig;
  /** Below the cgroup root, such as `/kubepods/burstable/pod<uid>`; the caller makes, limits and removes it. */
  cgroupParent: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  namespaces: PodNamespaces;
  sysctls?: Record<string, string>;
  privileged?: boolean;
  runAsUser?: number;
  runAsGroup?: number;
  supplementalGroups?: number[];
  readOnlyRootfs?: boolean;
  seccomp?: SecurityProfile;
  apparmor?: SecurityProfile;
  selinux?: SelinuxOptions;
  /** The sum of the pod's containers, for runtimes that size the sandbox. */
  resources?: LinuxResources;
  overhead?: LinuxResources;
  /** The handler that the pod's RuntimeClass names; the runtime's default where absent. */
  runtimeHandler?: string;
}

/** Ready while the sandbox's own process and network stand. */
export type SandboxState = 'ready' | 'notReady';

export interface Sandbox {
  id: string;
  pod: PodIdentity;
  state: SandboxState;
  createdAtMs: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  runtimeHandler?: string;
}

export interface SandboxStatus extends Sandbox {
  /** The pod's addresses, primary first; empty in the node's network and once stopped. */
  ips: string[];
  namespaces: PodNamespaces;
}

/** A host path in a container. The host path must stand already: runtimes disagree on what happens otherwise. */
export interface Mount {
  containerPath: string;
  /** Empty for an image mount. */
  hostPath: string;
  readOnly?: boolean;
  /** Read-only also for the mounts below. */
  recursiveReadOnly?: boolean;
  propagation?: 'None' | 'HostToContainer' | 'Bidirectional';
  selinuxRelabel?: boolean;
  /** Mounts the files of this image (and only `imageSubPath` of them) instead of a host path. */
  image?: string;
  imageSubPath?: string;
}

export interface Device {
  hostPath: string;
  containerPath: string;
  /** Any of `r`, `w`, `m`. */
  permissions: string;
}

export interface ContainerSecurity {
  privileged?: boolean;
  capabilities?: { add: string[]; drop: string[] };
  runAsUser?: number;
  runAsUserName?: string;
  runAsGroup?: number;
  supplementalGroups?: number[];
  /** Whether groups that the image's /etc/group gives the user are left out. */
  supplementalGroupsPolicy?: 'Merge' | 'Strict';
  readOnlyRootfs?: boolean;
  noNewPrivileges?: boolean;
  maskedPaths?: string[];
  readOnlyPaths?: string[];
  seccomp?: SecurityProfile;
  apparmor?: SecurityProfile;
  selinux?: SelinuxOptions;
  namespaces: PodNamespaces;
}

export interface ContainerSpec {
  container: ContainerIdentity;
  /** What `images.pull` or `images.status` gave as id, or a name that stands on the node. */
  image: string;
  /** What the pod asked for, kept for `status`. */
  userImage?: string;
  /** Entrypoint; the image's where empty. */
  command?: string[];
  /** Arguments; the image's where both are empty. */
  args?: string[];
  workingDir?: string;
  env: { name: string; value: string }[];
  mounts: Mount[];
  devices?: Device[];
  /** Names of CDI devices, `vendor/class=name`. */
  cdiDevices?: string[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Relative to the sandbox's log directory; lines are in the CRI format. */
  logPath: string;
  tty?: boolean;
  stdin?: boolean;
  /** Ends the process's stdin with the first attach that had one. */
  stdinOnce?: boolean;
  /** Such as `SIGQUIT`; the image's or SIGTERM where absent. */
  stopSignal?: string;
  security: ContainerSecurity;
  resources?: LinuxResources;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface Container {
  id: string;
  sandboxId: string;
  container: ContainerIdentity;
  state: ContainerState;
  /** The name it was made from. */
  image: string;
  /** The id of the image it runs. */
  imageId: string;
  createdAtMs: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerStatus extends Omit<Container, 'sandboxId'> {
  /** A digest reference of the image as it was pulled; the image's id where it was loaded from a file. */
  imageRef: string;
  startedAtMs?: number;
  finishedAtMs?: number;
  exitCode?: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, …; empty while it runs. */
  reason: string;
  message: string;
  /** Absolute. */
  logPath: string;
  mounts: Mount[];
  /** The limits in force, where the runtime tells them. */
  resources?: LinuxResources;
  /** The identity of the first process, where the runtime tells it. */
  user?: { uid: number; gid: number; supplementalGroups: number[] };
}

/** Everything that is given must match. */
export interface SandboxFilter {
  id?: string;
  state?: SandboxState;
  labels?: Record<string, string>;
}

/** Everything that is given must match. */
export interface ContainerFilter {
  id?: string;
  sandboxId?: string;
  state?: ContainerState;
  labels?: Record<string, string>;
}

export interface CpuUsage {
  timeMs: number;
  /** CPU time since the start, nanoseconds. */
  usageCoreNanoseconds: number;
  usageNanoCores?: number;
}

export interface MemoryUsage {
  timeMs: number;
  workingSetBytes: number;
  availableBytes?: number;
  usageBytes?: number;
  rssBytes?: number;
  pageFaults?: number;
  majorPageFaults?: number;
}

export interface FilesystemUsage {
  timeMs: number;
  mountpoint: string;
  usedBytes: number;
  inodesUsed?: number;
}

export interface ContainerStats {
  id: string;
  container: ContainerIdentity;
  labels: Record<string, string>;
  cpu?: CpuUsage;
  memory?: MemoryUsage;
  writableLayer?: FilesystemUsage;
}

export interface InterfaceUsage {
  name: string;
  rxBytes: number;
  rxErrors: number;
  txBytes: number;
  txErrors: number;
}

export interface SandboxStats {
  id: string;
  pod: PodIdentity;
  labels: Record<string, string>;
  cpu?: CpuUsage;
  memory?: MemoryUsage;
  /** The default interface first. */
  network?: { timeMs: number; interfaces: InterfaceUsage[] };
  processes?: number;
  containers: ContainerStats[];
}

export interface Image {
  /** The digest of its configuration. */
  id: string;
  /** Names with a tag. */
  tags: string[];
  /** Names with a digest. */
  digests: string[];
  sizeBytes: number;
  /** The user it runs as by default: a number, or a name. */
  uid?: number;
  username?: string;
  /** Never to be removed by image garbage collection. */
  pinned: boolean;
}

export interface RegistryAuth {
  username?: string;
  password?: string;
  /** Base64 of `username:password`. */
  auth?: string;
  serverAddress?: string;
  /** Traded for an access token at the registry. */
  identityToken?: string;
  /** Sent as a bearer token. */
  registryToken?: string;
}

/** Content that the node is fetching: all of it, since a runtime does not say which pull a layer is for. */
export interface PullProgress {
  doneBytes: number;
  totalBytes: number;
}

export interface RuntimeVersion {
  /** Such as `containerd`. */
  name: string;
  version: string;
  apiVersion: string;
}

/** Upstream's are `RuntimeReady` and `NetworkReady`. */
export interface RuntimeCondition {
  type: string;
  status: boolean;
  reason: string;
  message: string;
}

export interface RuntimeHandler {
  /** Empty for the default. */
  name: string;
  recursiveReadOnlyMounts: boolean;
  userNamespaces: boolean;
}

export interface RuntimeStatus {
  conditions: RuntimeCondition[];
  handlers: RuntimeHandler[];
}
