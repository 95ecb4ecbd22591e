import type { Pod } from '../../api/core/v1.ts';
import type { DnsConfig } from '../runtimes/types.ts';

/** Where names are asked for, of the cluster and of the node. */
export interface DnsSettings {
  clusterServers: string[];
  clusterDomain: string;
  /** The node's own resolv.conf, taken apart. */
  node: DnsConfig;
}

/** What resolvers take: of a longer name in the search list some end the program that asks. */
const most = { servers: 3, searches: 32, searchCharacters: 2048, nameCharacters: 253 };
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

/** What the pod's resolv.conf is to say, and what is to be told of that. */
export interface PodDns {
  config: DnsConfig;
  /** What is left out of it, in upstream's words. */
  warnings: string[];
}

export function podDns(pod: Pod, settings: DnsSettings): PodDns {
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

function bounded(dns: DnsConfig): PodDns {
  const servers = dns.servers.slice(0, most.servers);
  const searches = boundedSearches(dns.searches);
  const warnings = [
    ...(servers.length < dns.servers.length
      ? [
          `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`,
        ]
      : []),
    ...(searches.length < dns.searches.length
      ? [
          `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
        ]
      : []),
  ];
  return { config: { ...dns, servers, searches }, warnings };
}

/** As many as are taken, without those that are too long, and then as many as fit into a line. */
function boundedSearches(all: string[]): string[] {
  const taken = all.slice(0, most.searches).filter(({ length }) => length <= most.nameCharacters);
  while (taken.join(' ').length > most.searchCharacters) taken.pop();
  return taken;
}
