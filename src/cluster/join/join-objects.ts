import type { Client } from '../../client/client.ts';
import * as resources from '../../api/generated/resources.ts';
import {
  apiGroup,
  clusterBinding,
  clusterRole,
  ensureObjects,
  group,
  type Made,
  type Subject,
} from '../ensure-objects.ts';
import { network } from '../options.ts';
import { nodeTokenGroup } from './bootstrap-token.ts';

/** What a node has to know of its cluster before it is part of it. */
export interface ClusterFacts {
  /** URL of an API server. */
  server: string;
  /** The cluster's authority, PEM. */
  authority: string;
  /** Where Services have their addresses: one range, or two of different families. */
  serviceRanges: readonly string[];
  /** The same of pods. */
  podRanges: readonly string[];
}

const cause = { reason: 'machines can join the cluster' };
const nodes = group('system:nodes');
const tokens = group(nodeTokenGroup);
const anonymous = { kind: 'User', apiGroup, name: 'system:anonymous' };
const certificates = 'system:certificates.k8s.io:certificatesigningrequests';
const request = {
  apiGroups: ['certificates.k8s.io'],
  resources: ['certificatesigningrequests/selfnodeserver'],
};
const servingSigner = { resources: ['signers'], resourceNames: ['kubernetes.io/kubelet-serving'] };

/** Lets some read one config map. */
function readable(namespace: string, map: string, { role, subjects }: { role: string; subjects: Subject[] }) {
  const metadata = { name: role, namespace };
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [map], verbs: ['get'] }];
  const roleRef = { apiGroup, kind: 'Role', name: role };
  return [
    [resources.roles, { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules }],
    [
      resources.rolebindings,
      { apiVersion: `${apiGroup}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects },
    ],
  ] as Made[];
}

const configMap = (namespace: string, name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data,
});

/** The kubeconfig that strangers read first: nothing in it is secret. */
function firstKubeconfig({ server, authority }: ClusterFacts): string {
  const data = Buffer.from(authority).toString('base64');
  const clusters = [{ name: '', cluster: { server, 'certificate-authority-data': data } }];
  return JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters, contexts: [], users: [] });
}

const clusterConfiguration = ({ serviceRanges, podRanges }: ClusterFacts) =>
  JSON.stringify({
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    networking: {
      dnsDomain: network.domain,
      podSubnet: podRanges.join(','),
      serviceSubnet: serviceRanges.join(','),
    },
  });

/** Names and rights as kubeadm gives them, but for those that begin with `k8ts:`. */
function joinObjects(facts: ClusterFacts): Made[] {
  const controller = { kind: 'ServiceAccount', name: 'certificate-controller', namespace: 'kube-system' };
  const server = 'k8ts:certificatesigningrequests:selfnodeserver';
  const approver = 'k8ts:kubelet-serving-approver';
  const roles = [
    clusterRole('kubeadm:get-nodes', [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }]),
    clusterRole(server, [{ ...request, verbs: ['create'] }]),
    clusterRole(approver, [{ apiGroups: ['certificates.k8s.io'], ...servingSigner, verbs: ['approve'] }]),
  ];
  const bindings = [
    clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', tokens),
    clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', tokens),
    clusterBinding('kubeadm:node-autoapprove-bootstrap', `${certificates}:nodeclient`, tokens),
    clusterBinding('kubeadm:node-autoapprove-certificate-rotation', `${certificates}:selfnodeclient`, nodes),
    clusterBinding(server, server, nodes),
    clusterBinding(approver, approver, controller),
    clusterBinding('k8ts:node-proxier', 'system:node-proxier', nodes),
  ];
  return [
    ...roles,
    ...bindings,
    ...readable('kube-public', 'cluster-info', {
      role: 'kubeadm:bootstrap-signer-clusterinfo',
      subjects: [anonymous],
    }),
    ...readable('kube-system', 'kubeadm-config', {
      role: 'kubeadm:nodes-kubeadm-config',
      subjects: [nodes, tokens],
    }),
    [
      resources.configmaps,
      configMap('kube-system', 'kubeadm-config', { ClusterConfiguration: clusterConfiguration(facts) }),
    ],
    [resources.configmaps, configMap('kube-public', 'cluster-info', { kubeconfig: firstKubeconfig(facts) })],
  ];
}

/** Makes what machines need to join, as far as it is missing. What stands is left as its owner has made it. */
export const ensureJoinObjects = (client: Client, facts: ClusterFacts): Promise<void> =>
  ensureObjects(client, joinObjects(facts), cause);
