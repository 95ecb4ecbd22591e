import type { RemoteHeaderNames } from '../auth/request-header.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import type { Transport } from '../../client/transport.ts';
import { hasReason, ignoring } from '../../machinery/status-error.ts';

const cause = { reason: 'every cluster has it' };

/** Creates an object unless it stands. */
async function ensure(transport: Transport, path: string, body: KubernetesObject): Promise<void> {
  await transport.request({ method: 'POST', path, body, cause }).catch(ignoring('AlreadyExists'));
}

interface PriorityClass extends KubernetesObject {
  value: number;
  description: string;
}

const priorityClass = (name: string, value: number, description: string): PriorityClass => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  description,
});

const systemPriorities = [
  priorityClass(
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
  priorityClass(
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
];

/** The priorities of the cluster's own pods. */
export async function ensurePriorityClasses(transport: Transport): Promise<void> {
  const path = '/apis/scheduling.k8s.io/v1/priorityclasses';
  await Promise.all(systemPriorities.map((object) => ensure(transport, path, object)));
}

/** What servers that extend this one need to know of it. */
export interface AuthenticationConfig {
  /** Authorities of client certificates, PEM. */
  clientCa: string;
  /** Authorities and names of the proxies that may say for whom they ask, this server first. */
  proxies?: { ca: string; names: readonly string[]; headers: RemoteHeaderNames };
}

/** The data of the ConfigMap that upstream's libraries read. */
function authenticationData({ clientCa, proxies }: AuthenticationConfig): Record<string, string> {
  if (!proxies) return { 'client-ca-file': clientCa };
  return {
    'client-ca-file': clientCa,
    'requestheader-allowed-names': JSON.stringify(proxies.names),
    'requestheader-client-ca-file': proxies.ca,
    'requestheader-extra-headers-prefix': JSON.stringify(proxies.headers.extra),
    'requestheader-group-headers': JSON.stringify(proxies.headers.group),
    'requestheader-uid-headers': JSON.stringify(proxies.headers.uid),
    'requestheader-username-headers': JSON.stringify(proxies.headers.user),
  };
}

/** Tells servers that extend this one whom to trust. */
export async function ensureAuthenticationConfig(
  transport: Transport,
  config: AuthenticationConfig,
): Promise<void> {
  const name = 'extension-apiserver-authentication';
  const path = '/api/v1/namespaces/kube-system/configmaps';
  const data = authenticationData(config);
  const metadata = { namespace: 'kube-system', name };
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
  try {
    await transport.request({ method: 'POST', path, body, cause });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    await transport.request({
      method: 'PATCH',
      path: `${path}/${name}`,
      contentType: 'application/merge-patch+json',
      body: { data },
      cause,
    });
  }
}
