import type { Transport } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';

/** Where pods find the API server. */
export interface Advertised {
  /** An address that pods can reach; the service has no endpoints where there is none. */
  address?: string;
  port: number;
  /** The service's own address: the first of the service range. */
  serviceAddress: string;
}

const namespace = 'default';
const name = 'kubernetes';
const cause = { reason: 'pods find the API server through the service kubernetes' };

const service = ({ serviceAddress, port }: Advertised) => ({
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

const familyOf = (address: string) => (address.includes(':') ? 'IPv6' : 'IPv4');

const endpoints = (address: string, port: number) => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { namespace, name, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
});

const endpointSlice = (address: string, port: number) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
  addressType: familyOf(address),
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: [{ name: 'https', port, protocol: 'TCP' }],
});

async function put(transport: Transport, path: string, body: object): Promise<void> {
  try {
    await transport.request({ method: 'POST', path, body, cause });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    const contentType = 'application/merge-patch+json';
    await transport.request({ method: 'PATCH', path: `${path}/${name}`, contentType, body, cause });
  }
}

/** Makes `kubernetes.default` lead to this server. */
export async function publishService(transport: Transport, advertised: Advertised): Promise<void> {
  const inDefault = `/namespaces/${namespace}`;
  await put(transport, `/api/v1${inDefault}/services`, service(advertised));
  const { address, port } = advertised;
  if (address === undefined) return;
  await put(transport, `/api/v1${inDefault}/endpoints`, endpoints(address, port));
  await put(transport, `/apis/discovery.k8s.io/v1${inDefault}/endpointslices`, endpointSlice(address, port));
}
