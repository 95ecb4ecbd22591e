import type { Client } from '../client/client.ts';
import { apiGroup, clusterBinding, clusterRole, ensureObjects, group } from './ensure-objects.ts';

const name = 'k8ts:network-policies';
const verbs = ['get', 'list', 'watch'];
const proxy = { kind: 'User', apiGroup, name: 'system:kube-proxy' };

const objects = () => [
  clusterRole(name, [
    { apiGroups: [''], resources: ['pods', 'namespaces'], verbs },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs },
  ]),
  clusterBinding(name, name, proxy, group('system:nodes')),
];

/**
 * Lets nodes see what network policies are about: pods and namespaces of the whole cluster. Their proxies ask as `system:kube-proxy`, those of
 * machines that have joined as the nodes.
 */
export const ensureNetworkRights = (client: Client): Promise<void> =>
  ensureObjects(client, objects(), { reason: 'nodes enforce network policies' });
