import type {
  AppArmorProfile,
  Container,
  EphemeralContainer,
  Pod,
  SeccompProfile,
  SELinuxOptions,
} from '../../api/core/v1.ts';
import { podFullName } from '../pods/pod-kinds.ts';
import type { ContainerSecurity, Image, PodNamespaces, SecurityProfile } from '../runtimes/types.ts';
import { ContainerConfigError } from './env.ts';

/** Parts of /proc and /sys that no container sees, and those that none may write, unless it is unmasked. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readOnlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What the node decides for containers that do not say. */
export interface SecurityDefaults {
  seccompDefault: boolean;
  /** Where `Localhost` seccomp profiles stand. */
  seccompDir: string;
}

/** The pod's namespaces; an ephemeral container may join the processes of another container. */
export function podNamespaces(pod: Pod, targetContainerId?: string): PodNamespaces {
  const { hostNetwork, hostIPC, hostPID, shareProcessNamespace } = pod.spec;
  const pid = hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container';
  return {
    network: hostNetwork ? 'node' : 'pod',
    ipc: hostIPC ? 'node' : 'pod',
    pid: targetContainerId && pid === 'container' ? { containerId: targetContainerId } : pid,
  };
}

/** What a container may do: its own settings, those of its pod, the node's defaults, in this order. */
export function containerSecurity(
  pod: Pod,
  container: Container | EphemeralContainer,
  more: {
    image: Image | undefined;
    defaults: SecurityDefaults;
    targetContainerId?: string;
    extraGroups?: number[];
  },
): ContainerSecurity {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const unmasked = own.privileged === true || own.procMount === 'Unmasked';
  const runAsUser = own.runAsUser ?? shared.runAsUser ?? more.image?.uid;
  return {
    privileged: own.privileged ?? false,
    ...(own.capabilities && {
      capabilities: { add: own.capabilities.add ?? [], drop: own.capabilities.drop ?? [] },
    }),
    ...(runAsUser !== undefined ? { runAsUser } : { runAsUserName: more.image?.username || undefined }),
    runAsGroup: own.runAsGroup ?? shared.runAsGroup,
    supplementalGroups: supplementalGroups(pod, more.extraGroups),
    supplementalGroupsPolicy:
      shared.supplementalGroupsPolicy as ContainerSecurity['supplementalGroupsPolicy'],
    readOnlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : maskedPaths,
    readOnlyPaths: unmasked ? [] : readOnlyPaths,
    seccomp: seccompOf(own.seccompProfile ?? shared.seccompProfile, own.privileged === true, more.defaults),
    apparmor: apparmorOf(own.appArmorProfile ?? shared.appArmorProfile),
    selinux: selinuxOf(own.seLinuxOptions ?? shared.seLinuxOptions),
    namespaces: podNamespaces(pod, more.targetContainerId),
  };
}

/** The pod's groups; the one that owns its volumes is among them. */
export function supplementalGroups(pod: Pod, extra: number[] = []): number[] {
  const { supplementalGroups: groups = [], fsGroup } = pod.spec.securityContext ?? {};
  return [...new Set([...groups, ...(fsGroup !== undefined ? [fsGroup] : []), ...extra])];
}

export function seccompOf(
  profile: SeccompProfile | undefined,
  privileged: boolean,
  defaults: SecurityDefaults,
): SecurityProfile {
  if (privileged) return { type: 'Unconfined' };
  if (!profile) return { type: defaults.seccompDefault ? 'RuntimeDefault' : 'Unconfined' };
  if (profile.type !== 'Localhost') return { type: profile.type as SecurityProfile['type'] };
  return { type: 'Localhost', localhost: `${defaults.seccompDir}/${profile.localhostProfile}` };
}

const apparmorOf = (p: AppArmorProfile | undefined): SecurityProfile | undefined =>
  p && {
    type: p.type as SecurityProfile['type'],
    ...(p.localhostProfile && { localhost: p.localhostProfile }),
  };

const selinuxOf = (o: SELinuxOptions | undefined): SELinuxOptions | undefined => o;

/** Refuses a container that would run as root though it must not. Throws ContainerConfigError. */
export function checkNonRoot(pod: Pod, container: Container, image: Image | undefined): void {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  if (!(own.runAsNonRoot ?? shared.runAsNonRoot)) return;
  const where = `(pod: ${JSON.stringify(podFullName(pod))}, container: ${container.name})`;
  const user = own.runAsUser ?? shared.runAsUser;
  if (user === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
  if (user !== undefined) return;
  if (image?.username)
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  // An image that says nothing of its user runs as root, and so may one of which nothing is known.
  if ((image?.uid ?? 0) === 0)
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}
