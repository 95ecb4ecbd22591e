import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type ContainerConfigSchema,
  type ContainerFilterSchema,
  ContainerState as CriContainerState,
} from '../generated/runtime/v1/container_pb.js';
import {
  type LinuxContainerResourcesSchema,
  type LinuxContainerSecurityContextSchema,
  type MountSchema,
  MountPropagation,
  NamespaceMode,
  type NamespaceOptionSchema,
  type SecurityProfileSchema,
  SecurityProfile_ProfileType as ProfileType,
  SupplementalGroupsPolicy,
} from '../generated/runtime/v1/resources_pb.js';
import {
  PodSandboxState,
  type PodSandboxConfigSchema,
  type PodSandboxFilterSchema,
} from '../generated/runtime/v1/sandbox_pb.js';
import type {
  ContainerFilter,
  ContainerSecurity,
  ContainerSpec,
  LinuxResources,
  Mount,
  PodNamespaces,
  SandboxFilter,
  SandboxSpec,
  SecurityProfile,
} from '../types.ts';
import { stopSignalNumber } from './stop-signal.ts';

/** From the seam's values to the messages of the runtime interface. */

const int64 = (value: number | undefined) => BigInt(Math.trunc(value ?? 0));
const wrapped = (value: number | undefined) => (value === undefined ? undefined : { value: int64(value) });

const sharedMode = { pod: NamespaceMode.POD, container: NamespaceMode.CONTAINER, node: NamespaceMode.NODE };

function namespaceOption(namespaces: PodNamespaces): MessageInitShape<typeof NamespaceOptionSchema> {
  const { pid, user } = namespaces;
  return {
    network: sharedMode[namespaces.network],
    ipc: sharedMode[namespaces.ipc],
    ...(typeof pid === 'string'
      ? { pid: sharedMode[pid] }
      : { pid: NamespaceMode.TARGET, targetId: pid.containerId }),
    ...(user && { usernsOptions: { mode: NamespaceMode.POD, ...user } }),
  };
}

function profile(
  of: SecurityProfile | undefined,
): MessageInitShape<typeof SecurityProfileSchema> | undefined {
  return of && { profileType: ProfileType[of.type], localhostRef: of.localhost ?? '' };
}

export function linuxResources(r: LinuxResources): MessageInitShape<typeof LinuxContainerResourcesSchema> {
  return {
    cpuPeriod: int64(r.cpuPeriodUs),
    cpuQuota: int64(r.cpuQuotaUs),
    cpuShares: int64(r.cpuShares),
    memoryLimitInBytes: int64(r.memoryLimitBytes),
    memorySwapLimitInBytes: int64(r.memorySwapLimitBytes),
    oomScoreAdj: int64(r.oomScoreAdj),
    cpusetCpus: r.cpusetCpus,
    cpusetMems: r.cpusetMems,
    hugepageLimits: r.hugepageLimits?.map((h) => ({ pageSize: h.pageSize, limit: int64(h.limitBytes) })),
    unified: r.unified,
  };
}

export function sandboxConfig(spec: SandboxSpec): MessageInitShape<typeof PodSandboxConfigSchema> {
  return {
    metadata: spec.pod,
    hostname: spec.hostname,
    logDirectory: spec.logDirectory,
    dnsConfig: spec.dns,
    labels: spec.labels,
    annotations: spec.annotations,
    linux: {
      cgroupParent: spec.cgroupParent,
      sysctls: spec.sysctls,
      resources: spec.resources && linuxResources(spec.resources),
      overhead: spec.overhead && linuxResources(spec.overhead),
      securityContext: {
        namespaceOptions: namespaceOption(spec.namespaces),
        selinuxOptions: spec.selinux,
        runAsUser: wrapped(spec.runAsUser),
        runAsGroup: wrapped(spec.runAsGroup),
        readonlyRootfs: spec.readOnlyRootfs,
        supplementalGroups: spec.supplementalGroups?.map(int64),
        privileged: spec.privileged,
        seccomp: profile(spec.seccomp),
        apparmor: profile(spec.apparmor),
      },
    },
  };
}

function security(s: ContainerSecurity): MessageInitShape<typeof LinuxContainerSecurityContextSchema> {
  return {
    capabilities: s.capabilities && {
      addCapabilities: s.capabilities.add,
      dropCapabilities: s.capabilities.drop,
    },
    privileged: s.privileged,
    namespaceOptions: namespaceOption(s.namespaces),
    selinuxOptions: s.selinux,
    runAsUser: wrapped(s.runAsUser),
    runAsGroup: wrapped(s.runAsGroup),
    runAsUsername: s.runAsUserName,
    readonlyRootfs: s.readOnlyRootfs,
    supplementalGroups: s.supplementalGroups?.map(int64),
    supplementalGroupsPolicy: SupplementalGroupsPolicy[s.supplementalGroupsPolicy ?? 'Merge'],
    noNewPrivs: s.noNewPrivileges,
    maskedPaths: s.maskedPaths,
    readonlyPaths: s.readOnlyPaths,
    seccomp: profile(s.seccomp),
    apparmor: profile(s.apparmor),
  };
}

const propagations = {
  None: MountPropagation.PROPAGATION_PRIVATE,
  HostToContainer: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  Bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
};

function mount(m: Mount, namespaces: PodNamespaces): MessageInitShape<typeof MountSchema> {
  return {
    containerPath: m.containerPath,
    hostPath: m.hostPath,
    readonly: m.readOnly,
    recursiveReadOnly: m.recursiveReadOnly,
    selinuxRelabel: m.selinuxRelabel,
    propagation: propagations[m.propagation ?? 'None'],
    uidMappings: namespaces.user?.uids,
    gidMappings: namespaces.user?.gids,
    ...(m.image && { image: { image: m.image }, imageSubPath: m.imageSubPath }),
  };
}

export function containerConfig(spec: ContainerSpec): MessageInitShape<typeof ContainerConfigSchema> {
  return {
    metadata: spec.container,
    image: { image: spec.image, userSpecifiedImage: spec.userImage },
    command: spec.command,
    args: spec.args,
    workingDir: spec.workingDir,
    envs: spec.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: spec.mounts.map((m) => mount(m, spec.security.namespaces)),
    devices: spec.devices,
    CDIDevices: spec.cdiDevices?.map((name) => ({ name })),
    labels: spec.labels,
    annotations: spec.annotations,
    logPath: spec.logPath,
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce,
    tty: spec.tty,
    stopSignal: stopSignalNumber(spec.stopSignal),
    linux: {
      resources: spec.resources && linuxResources(spec.resources),
      securityContext: security(spec.security),
    },
  };
}

export function sandboxFilter(filter: SandboxFilter = {}): MessageInitShape<typeof PodSandboxFilterSchema> {
  const states = { ready: PodSandboxState.SANDBOX_READY, notReady: PodSandboxState.SANDBOX_NOTREADY };
  return {
    id: filter.id,
    labelSelector: filter.labels,
    state: filter.state && { state: states[filter.state] },
  };
}

export const containerStates = {
  created: CriContainerState.CONTAINER_CREATED,
  running: CriContainerState.CONTAINER_RUNNING,
  exited: CriContainerState.CONTAINER_EXITED,
  unknown: CriContainerState.CONTAINER_UNKNOWN,
};

export function containerFilter(
  filter: ContainerFilter = {},
): MessageInitShape<typeof ContainerFilterSchema> {
  return {
    id: filter.id,
    podSandboxId: filter.sandboxId,
    labelSelector: filter.labels,
    state: filter.state && { state: containerStates[filter.state] },
  };
}
