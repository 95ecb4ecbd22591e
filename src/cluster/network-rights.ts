import { clusterrolebindings, clusterroles } from '../api/generated/resources.ts';
import type { Client } from '../client/client.ts';
import { ignoring } from '../machinery/status-error.ts';

const name = 'k8ts:network-policies';
const apiGroup = 'rbac.authorization.k8s.io';
const verbs = ['get', 'list', 'watch'];
const cause = { reason: 'nodes enforce network policies' };

/**
 * Lets nodes see what network policies are about: pods and namespaces of the whole cluster. Their proxies ask as `system:kube-proxy`, those of
 * machines that have joined as the nodes. What stands is left as its owner has made it.
 */
export async function ensureNetworkRights(client: Client): Promise<void> {
  const role = {
    metadata: { name },
    rules: [
      { apiGroups: [''], resources: ['pods', 'namespaces'], verbs },
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs },
    ],
  };
  const binding = {
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name },
    subjects: [
      { apiGroup, kind: 'User', name: 'system:kube-proxy' },
      { apiGroup, kind: 'Group', name: 'system:nodes' },
    ],
  };
  const there = ignoring('AlreadyExists');
  await Promise.all([
    client.of(clusterroles).create(role, { cause }).catch(there),
    client.of(clusterrolebindings).create(binding, { cause }).catch(there),
  ]);
}
