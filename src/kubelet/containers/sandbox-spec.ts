import type { Pod } from '../../api/core/v1.ts';
import { podLabels } from '../pods/labels.ts';
import type { DnsConfig, SandboxSpec } from '../runtimes/types.ts';
import { podNamespaces, type SecurityDefaults, seccompOf, supplementalGroups } from './security.ts';

export interface SandboxSpecInput {
  pod: Pod;
  attempt: number;
  hostname: string;
  dns: DnsConfig;
  logDirectory: string;
  cgroupParent: string;
  defaults: SecurityDefaults;
  runtimeHandler?: string;
}

/** Where the logs of a pod's containers stand. */
export function podLogDirectory(logsDir: string, pod: Pod): string {
  const { namespace, name, uid } = pod.metadata;
  return `${logsDir}/${namespace}_${name}_${uid}`;
}

/** What the runtime is told of the pod as a whole. */
export function sandboxSpec(input: SandboxSpecInput): SandboxSpec {
  const { pod } = input;
  const { name = '', namespace = '', uid = '', labels, annotations } = pod.metadata;
  const shared = pod.spec.securityContext ?? {};
  return {
    pod: { name, namespace, uid, attempt: input.attempt },
    hostname: pod.spec.hostNetwork ? '' : input.hostname,
    logDirectory: input.logDirectory,
    dns: input.dns,
    cgroupParent: input.cgroupParent,
    labels: { ...labels, ...podLabels(pod) },
    annotations: { ...annotations },
    namespaces: podNamespaces(pod),
    sysctls: sysctlsOf(pod),
    privileged: isPrivileged(pod),
    runAsUser: shared.runAsUser,
    runAsGroup: shared.runAsGroup,
    supplementalGroups: supplementalGroups(pod),
    seccomp: seccompOf(undefined, false, { ...input.defaults, seccompDefault: true }),
    selinux: shared.seLinuxOptions,
    ...(input.runtimeHandler && { runtimeHandler: input.runtimeHandler }),
  };
}

/** The runtime wants dots even where slashes were written. */
function sysctlsOf(pod: Pod): Record<string, string> {
  const sysctls = pod.spec.securityContext?.sysctls ?? [];
  return Object.fromEntries(sysctls.map(({ name, value }) => [name.replaceAll('/', '.'), value]));
}

const isPrivileged = (pod: Pod): boolean =>
  [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some(
    (c) => c.securityContext?.privileged === true,
  );
