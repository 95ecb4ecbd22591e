import type { Pod } from '../../api/core/v1.ts';
import type { DnsConfig } from '../runtimes/types.ts';

/** Where names are asked for, of the cluster and of the node. */
export interface DnsSettings {
  clusterServers: string[];
  clusterDomain: string;
  /** The node's own resolv.conf, taken apart. */
  node: DnsConfig;
}

/** As many as the resolver reads. */
const maxServers = 3;
const maxSearches = 32;
const clusterOptions = ['ndots:5'];

/** Reads a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const config: DnsConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...rest] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && rest[0]) config.servers.push(rest[0]);
    if (keyword === 'search') config.searches = rest.map((s) => (s === '.' ? s : s.replace(/\.$/, '')));
    if (keyword === 'options') config.options = rest;
  }
  return config;
}

/** What the pod's resolv.conf is to say. */
export function podDns(pod: Pod, settings: DnsSettings): DnsConfig {
  const base = baseOf(pod, settings);
  const own = pod.spec.dnsConfig;
  if (!own) return bounded(base);
  const options = own.options?.map((o) => (o.value ? `${o.name}:${o.value}` : `${o.name}`)) ?? [];
  return bounded({
    servers: unique([...base.servers, ...(own.nameservers ?? [])]),
    searches: unique([...base.searches, ...(own.searches ?? [])]),
    options: mergeOptions(base.options, options),
  });
}

function baseOf(pod: Pod, { clusterServers, clusterDomain, node }: DnsSettings): DnsConfig {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const usesCluster =
    policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec.hostNetwork);
  if (!usesCluster || clusterServers.length === 0) return node;
  const domains = clusterDomain
    ? [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
    : [];
  return {
    servers: clusterServers,
    searches: unique([...domains, ...node.searches]),
    options: clusterOptions,
  };
}

const unique = (list: string[]) => [...new Set(list)];

/** Later options win over earlier ones of the same name. */
function mergeOptions(base: string[], own: string[]): string[] {
  const byName = new Map([...base, ...own].map((option) => [option.split(':')[0], option]));
  return [...byName.values()];
}

const bounded = (dns: DnsConfig): DnsConfig => ({
  ...dns,
  servers: dns.servers.slice(0, maxServers),
  searches: dns.searches.slice(0, maxSearches),
});
