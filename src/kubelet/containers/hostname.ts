import type { Pod } from '../../api/core/v1.ts';

const longestHostname = 63;
const longestFqdn = 64;

export interface PodNames {
  hostname: string;
  /** `<subdomain>.<namespace>.svc.<cluster domain>`; empty where the pod has no subdomain. */
  domain: string;
}

/** The names by which a pod knows itself. */
export function podNames(pod: Pod, clusterDomain: string): PodNames {
  if (pod.spec.hostnameOverride) return { hostname: pod.spec.hostnameOverride, domain: '' };
  const own = pod.spec.hostname || (pod.metadata.name ?? '');
  const hostname = own.slice(0, longestHostname).replace(/[-.]+$/, '');
  const { subdomain } = pod.spec;
  return { hostname, domain: subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '' };
}

/** What the kernel's hostname is set to. Throws an Error where the full name is wanted but too long. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodNames): string {
  if (!pod.spec.setHostnameAsFQDN || !domain || pod.spec.hostnameOverride) return hostname;
  const fqdn = `${hostname}.${domain}`;
  if (fqdn.length <= longestFqdn) return fqdn;
  throw new Error(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${longestFqdn} characters is the max, ${fqdn.length} characters requested)`,
  );
}

const managedHead = [
  '# Kubernetes-managed hosts file.',
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** The pod's /etc/hosts; `nodeHosts` is the node's own, which a pod in the node's network keeps. */
export function hostsFile(pod: Pod, names: PodNames, more: { podIps: string[]; nodeHosts: string }): string {
  const own = `${names.domain ? `${names.hostname}.${names.domain}\t` : ''}${names.hostname}`;
  const lines = [...managedHead, ...more.podIps.map((ip) => `${ip}\t${own}`)];
  const head = pod.spec.hostNetwork
    ? `# Kubernetes-managed hosts file (host network).\n${more.nodeHosts}`
    : `${lines.join('\n')}\n`;
  const aliases = (pod.spec.hostAliases ?? []).map(
    ({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`,
  );
  return aliases.length > 0 ? `${head}\n# Entries added by HostAliases.\n${aliases.join('')}` : head;
}
