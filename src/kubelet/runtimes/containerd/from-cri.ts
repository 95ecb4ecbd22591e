import {
  ContainerState as CriContainerState,
  type Container as CriContainer,
  type ContainerStatus as CriContainerStatus,
} from '../generated/runtime/v1/container_pb.js';
import type { Image as CriImage } from '../generated/runtime/v1/image_pb.js';
import {
  type LinuxContainerResources,
  type Mount as CriMount,
  MountPropagation,
  NamespaceMode,
  type NamespaceOption,
} from '../generated/runtime/v1/resources_pb.js';
import {
  type PodSandbox,
  type PodSandboxMetadata,
  PodSandboxState,
  type PodSandboxStatus,
} from '../generated/runtime/v1/sandbox_pb.js';
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Image,
  LinuxResources,
  Mount,
  PodIdentity,
  PodNamespaces,
  Sandbox,
  SandboxStatus,
} from '../types.ts';

/** From the messages of the runtime interface to the seam's values. */

/** Zero nanoseconds mean "not yet". */
export const milliseconds = (nanoseconds: bigint) => Number(nanoseconds / 1_000_000n);
const momentOf = (nanoseconds: bigint) => (nanoseconds > 0n ? milliseconds(nanoseconds) : undefined);
const told = (value: bigint) => (value === 0n ? undefined : Number(value));

export function podIdentity(m: PodSandboxMetadata | undefined): PodIdentity {
  return { name: m?.name ?? '', namespace: m?.namespace ?? '', uid: m?.uid ?? '', attempt: m?.attempt ?? 0 };
}

export function sandbox(s: PodSandbox | PodSandboxStatus): Sandbox {
  return {
    id: s.id,
    pod: podIdentity(s.metadata),
    state: s.state === PodSandboxState.SANDBOX_READY ? 'ready' : 'notReady',
    createdAtMs: milliseconds(s.createdAt),
    labels: s.labels,
    annotations: s.annotations,
    runtimeHandler: s.runtimeHandler || undefined,
  };
}

function pidNamespace(o: NamespaceOption): PodNamespaces['pid'] {
  if (o.pid === NamespaceMode.TARGET) return { containerId: o.targetId };
  if (o.pid === NamespaceMode.NODE) return 'node';
  return o.pid === NamespaceMode.CONTAINER ? 'container' : 'pod';
}

function namespaces(o: NamespaceOption | undefined): PodNamespaces {
  if (!o) return { network: 'pod', ipc: 'pod', pid: 'container' };
  const shared = (mode: NamespaceMode) => (mode === NamespaceMode.NODE ? 'node' : 'pod');
  const user = o.usernsOptions?.mode === NamespaceMode.POD && o.usernsOptions;
  return {
    network: shared(o.network),
    ipc: shared(o.ipc),
    pid: pidNamespace(o),
    ...(user && { user: { uids: user.uids, gids: user.gids } }),
  };
}

export function sandboxStatus(s: PodSandboxStatus): SandboxStatus {
  const ips = [s.network?.ip ?? '', ...(s.network?.additionalIps ?? []).map((extra) => extra.ip)];
  return {
    ...sandbox(s),
    ips: ips.filter((ip) => ip !== ''),
    namespaces: namespaces(s.linux?.namespaces?.options),
  };
}

const states: Record<CriContainerState, ContainerState> = {
  [CriContainerState.CONTAINER_CREATED]: 'created',
  [CriContainerState.CONTAINER_RUNNING]: 'running',
  [CriContainerState.CONTAINER_EXITED]: 'exited',
  [CriContainerState.CONTAINER_UNKNOWN]: 'unknown',
};

function common(c: CriContainer | CriContainerStatus) {
  return {
    id: c.id,
    container: { name: c.metadata?.name ?? '', attempt: c.metadata?.attempt ?? 0 },
    state: states[c.state] ?? 'unknown',
    image: c.image?.image ?? '',
    createdAtMs: milliseconds(c.createdAt),
    labels: c.labels,
    annotations: c.annotations,
  };
}

/** Before containerd 2 there is no image id of its own; the reference of a listed container is the id then. */
export function container(c: CriContainer): Container {
  return { ...common(c), sandboxId: c.podSandboxId, imageId: c.imageId || c.imageRef };
}

function mount(m: CriMount): Mount {
  const propagation =
    m.propagation === MountPropagation.PROPAGATION_BIDIRECTIONAL
      ? 'Bidirectional'
      : m.propagation === MountPropagation.PROPAGATION_HOST_TO_CONTAINER
        ? 'HostToContainer'
        : 'None';
  return {
    containerPath: m.containerPath,
    hostPath: m.hostPath,
    readOnly: m.readonly,
    recursiveReadOnly: m.recursiveReadOnly,
    propagation,
    ...(m.image && { image: m.image.image, imageSubPath: m.imageSubPath }),
  };
}

function linuxResources(r: LinuxContainerResources): LinuxResources {
  return {
    cpuPeriodUs: told(r.cpuPeriod),
    cpuQuotaUs: told(r.cpuQuota),
    cpuShares: told(r.cpuShares),
    memoryLimitBytes: told(r.memoryLimitInBytes),
    memorySwapLimitBytes: told(r.memorySwapLimitInBytes),
    oomScoreAdj: told(r.oomScoreAdj),
    cpusetCpus: r.cpusetCpus || undefined,
    cpusetMems: r.cpusetMems || undefined,
    hugepageLimits: r.hugepageLimits.map((h) => ({ pageSize: h.pageSize, limitBytes: Number(h.limit) })),
    unified: r.unified,
  };
}

export function containerStatus(c: CriContainerStatus): ContainerStatus {
  const exited = c.state === CriContainerState.CONTAINER_EXITED;
  const user = c.user?.linux;
  return {
    ...common(c),
    imageId: c.imageId,
    imageRef: c.imageRef,
    startedAtMs: momentOf(c.startedAt),
    finishedAtMs: momentOf(c.finishedAt),
    exitCode: exited ? c.exitCode : undefined,
    reason: c.reason,
    message: c.message,
    logPath: c.logPath,
    mounts: c.mounts.map(mount),
    resources: c.resources?.linux && linuxResources(c.resources.linux),
    user: user && {
      uid: Number(user.uid),
      gid: Number(user.gid),
      supplementalGroups: user.supplementalGroups.map(Number),
    },
  };
}

export function image(i: CriImage): Image {
  return {
    id: i.id,
    tags: i.repoTags,
    digests: i.repoDigests,
    sizeBytes: Number(i.size),
    uid: i.uid && Number(i.uid.value),
    username: i.username || undefined,
    pinned: i.pinned,
  };
}
