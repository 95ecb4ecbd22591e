import type { Endpoints } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import type { Transport } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { hasReason } from '../../machinery/status-error.ts';

/** Where pods find an API server. */
export interface ServerPlace {
  /** An address that pods can reach. */
  address: string;
  port: number;
}

const namespace = 'default';
const name = 'kubernetes';
const cause = { reason: 'pods find the API servers through the service kubernetes' };
const services = `/api/v1/namespaces/${namespace}/services`;
const endpointsPath = `/api/v1/namespaces/${namespace}/endpoints`;
const slicesPath = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
const serviceLabel = 'kubernetes.io/service-name';

const familyOf = (address: string) => (address.includes(':') ? 'IPv6' : 'IPv4');

const service = (serviceAddress: string, port: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name, labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: {
    type: 'ClusterIP',
    clusterIP: serviceAddress,
    clusterIPs: [serviceAddress],
    ipFamilies: [familyOf(serviceAddress)],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
  },
});

/** Makes the service `kubernetes`; `serviceAddress` is its own, the first of the service range. */
export async function publishService(
  transport: Transport,
  { serviceAddress, port }: { serviceAddress: string; port: number },
): Promise<void> {
  await put(transport, services, service(serviceAddress, port));
}

/** The addresses of the servers that listen on one port: what fits into a slice. */
interface PortGroup {
  port: number;
  addresses: string[];
}

/** Servers by their port, in an order that does not depend on theirs. */
function groupsOf(servers: readonly ServerPlace[]): PortGroup[] {
  const byPort = new Map<number, Set<string>>();
  for (const { address, port } of servers) byPort.set(port, (byPort.get(port) ?? new Set()).add(address));
  return [...byPort]
    .sort(([a], [b]) => a - b)
    .map(([port, addresses]) => ({ port, addresses: [...addresses].sort() }));
}

const portsOf = (port: number) => [{ name: 'https', port, protocol: 'TCP' }];

const endpointsOf = (groups: readonly PortGroup[]): Endpoints => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { namespace, name, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: groups.map(({ port, addresses }) => ({
    addresses: addresses.map((ip) => ({ ip })),
    ports: portsOf(port),
  })),
});

/** A slice has one list of ports: servers with another port than the first have a slice of their own. */
const slicesOf = (groups: readonly PortGroup[]): EndpointSlice[] =>
  groups.map(({ port, addresses }, i) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: i === 0 ? name : `${name}-${port}`, labels: { [serviceLabel]: name } },
    addressType: familyOf(addresses[0] as string),
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: portsOf(port),
  }));

/**
 * Makes the service `kubernetes` lead to these servers, which are all of one address family. Writes only what is not so already. With
 * none, what is there stays: a server that cannot tell who else serves takes nobody away.
 */
export async function publishServers(transport: Transport, servers: readonly ServerPlace[]): Promise<void> {
  if (servers.length === 0) return;
  const groups = groupsOf(servers);
  await sync(transport, `${endpointsPath}/${name}`, endpointsOf(groups), ['subsets']);
  const slices = slicesOf(groups);
  for (const slice of slices)
    await sync(transport, `${slicesPath}/${slice.metadata.name}`, slice, ['endpoints', 'ports']);
  const wanted = new Set(slices.map(({ metadata }) => metadata.name));
  for (const { metadata } of await slicesThere(transport)) {
    if (!wanted.has(metadata.name)) await remove(transport, `${slicesPath}/${metadata.name}`);
  }
}

async function slicesThere(transport: Transport): Promise<EndpointSlice[]> {
  const query = { labelSelector: `${serviceLabel}=${name}` };
  const list = (await transport.request({ method: 'GET', path: slicesPath, query })) as {
    items: EndpointSlice[];
  };
  return list.items;
}

/** Writes an object where it is not there, or differs in one of the fields. */
async function sync<T extends object>(
  transport: Transport,
  path: string,
  object: T,
  fields: readonly (keyof T)[],
): Promise<void> {
  const there = (await transport.request({ method: 'GET', path }).catch((error) => {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  })) as T | undefined;
  if (there && fields.every((field) => deepEqual(there[field], object[field]))) return;
  await put(transport, path.slice(0, path.lastIndexOf('/')), object);
}

async function put(transport: Transport, path: string, body: object): Promise<void> {
  try {
    await transport.request({ method: 'POST', path, body, cause });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    const contentType = 'application/merge-patch+json';
    const own = (body as { metadata: { name: string } }).metadata.name;
    await transport.request({ method: 'PATCH', path: `${path}/${own}`, contentType, body, cause });
  }
}

async function remove(transport: Transport, path: string): Promise<void> {
  await transport.request({ method: 'DELETE', path, cause }).catch((error) => {
    if (!hasReason(error, 'NotFound')) throw error;
  });
}
