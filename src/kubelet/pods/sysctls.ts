import type { Pod } from '../../api/core/v1.ts';

/** Kernel settings that are a pod's own and can do no harm to others: upstream's list. */
const safe = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** Why the pod may not have the kernel settings it asks for; undefined where it may. */
export function sysctlTrouble(pod: Pod): string | undefined {
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll('/', '.');
    const quoted = JSON.stringify(name);
    if (!safe.has(dotted)) return `forbidden sysctl: ${quoted} not allowlisted`;
    if (dotted.startsWith('net.') && pod.spec.hostNetwork)
      return `forbidden sysctl: ${quoted} not allowed with host net enabled`;
    if (dotted.startsWith('kernel.shm') && pod.spec.hostIPC)
      return `forbidden sysctl: ${quoted} not allowed with host ipc enabled`;
  }
  return undefined;
}
