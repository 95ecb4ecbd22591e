import type { Endpoints, Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { familyOf } from '../../machinery/address-family.ts';

/** Where one API server is found. */
export interface ServerAddress {
  ip: string;
  port: number;
}

export const namespace = 'default';
export const name = 'kubernetes';
const https = (port: number) => [{ name: 'https', port, protocol: 'TCP' as const }];

/** The address as it stands in a URL: `10.0.0.1:6443`, `[fd00::1]:6443`. */
export const hostPort = ({ ip, port }: ServerAddress) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;

/** Reads `hostPort`; a bare address, which is what upstream's servers write, has the port that is given. */
export function parseHostPort(text: string, usualPort: number): ServerAddress | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d+)$/.exec(text) ?? [];
  if (port !== undefined) return { ip: (v6 ?? v4) as string, port: Number(port) };
  return /^[\da-fA-F.:]+$/.test(text) ? { ip: text, port: usualPort } : undefined;
}

/** The Service by which pods find the API servers. */
export const serviceFor = (serviceAddress: string, port: number): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name, labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: {
    type: 'ClusterIP',
    clusterIP: serviceAddress,
    clusterIPs: [serviceAddress],
    ipFamilies: [familyOf(serviceAddress).name],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
  },
});

interface Group {
  port: number;
  family: 'IPv4' | 'IPv6';
  ips: string[];
}

/** Servers that one slice can hold: of one family and one port. In the order of family and port, addresses sorted. */
function groupsOf(servers: readonly ServerAddress[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { ip, port } of servers) {
    const family = familyOf(ip).name;
    const key = `${family} ${String(port).padStart(5, '0')}`;
    const group = groups.get(key) ?? { port, family, ips: [] };
    group.ips.push(ip);
    groups.set(key, group);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => ({ ...group, ips: [...new Set(group.ips)].sort() }));
}

/** The Endpoints of the Service: a subset for each port. */
export const endpointsOf = (servers: readonly ServerAddress[]): Endpoints => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { namespace, name, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: groupsOf(servers).map(({ ips, port }) => ({
    addresses: ips.map((ip) => ({ ip })),
    ports: https(port),
  })),
});

/**
 * The slices of the Service. All servers of a cluster have one port as a rule: then there is one slice, `kubernetes`, as
 * upstream has it. Servers of further ports (several on one machine) stand in slices such as `kubernetes-ipv4-6444`.
 */
export const slicesOf = (servers: readonly ServerAddress[]): EndpointSlice[] =>
  groupsOf(servers).map(({ ips, port, family }, i) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name: i === 0 ? name : `${name}-${family.toLowerCase()}-${port}`,
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: family,
    endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    ports: https(port),
  }));

/** Whether a slice is one that `slicesOf` makes beside the first. */
export const isFurtherSlice = (slice: string) => /^kubernetes-ipv[46]-\d+$/.test(slice);
