import type { Node, NodeSystemInfo } from '../../../../api/core/v1.ts';
import { nodes } from '../../../../api/generated/resources.ts';
import type { Kind } from '../../../registry/kind.ts';
import { roundResources } from '../../pod-spec/resource-lists.ts';
import { keepStatus } from '../../shared/status.ts';
import { nodeColumns } from './columns.ts';
import { nodeErrors, nodeUpdateErrors } from './validation.ts';

/** What a node says of itself, before it has said anything. */
const unknownSystem: NodeSystemInfo = {
  machineID: '',
  systemUUID: '',
  bootID: '',
  kernelVersion: '',
  osImage: '',
  containerRuntimeVersion: '',
  kubeletVersion: '',
  kubeProxyVersion: '',
  operatingSystem: '',
  architecture: '',
};

export const nodeKind: Kind<Node> = {
  resource: nodes,
  countsGeneration: false,
  defaults(node) {
    node.spec ??= {};
    node.status ??= {};
    node.status.daemonEndpoints ??= {};
    node.status.daemonEndpoints.kubeletEndpoint ??= { Port: 0 };
    node.status.nodeInfo ??= { ...unknownSystem };
    if (!node.status.allocatable && node.status.capacity)
      node.status.allocatable = { ...node.status.capacity };
    roundResources(node.status.capacity);
    roundResources(node.status.allocatable);
    alignRanges(node.spec);
  },
  prepareForCreate(node) {
    delete node.spec.configSource;
    delete node.status?.config;
  },
  prepareForUpdate(node, old) {
    keepStatus(node, old);
    if (!old.spec.configSource) delete node.spec.configSource;
  },
  validate: (node) => nodeErrors(node),
  // Upstream looks at a node that changes as at a new one, too.
  validateUpdate: (node, old) => [...nodeErrors(node), ...nodeUpdateErrors(node, old)],
  warnings: ({ spec }) => [
    ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
  ],
  status: {
    prepareForUpdate(node, old) {
      if (!old.status?.config) delete node.status?.config;
    },
    validateUpdate: nodeUpdateErrors,
  },
  streams: { proxy: { kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  fieldLabels: { common: ['metadata.name'] },
  selectableFields: ({ spec }) => ({ 'spec.unschedulable': String(spec.unschedulable ?? false) }),
  columns: nodeColumns,
};

/** The one range and the first of several are the same; where they differ, the older field wins. */
function alignRanges(spec: Node['spec']): void {
  const { podCIDR, podCIDRs } = spec;
  if (podCIDR && podCIDRs?.[0] !== podCIDR) spec.podCIDRs = [podCIDR];
  else if (!podCIDR && podCIDRs?.length) spec.podCIDR = podCIDRs[0];
}
