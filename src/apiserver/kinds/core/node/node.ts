import type { Node } from '../../../../api/core/v1.ts';
import { nodes } from '../../../../api/generated/resources.ts';
import type { Kind } from '../../../registry/kind.ts';
import { roundResources } from '../../pod-spec/resource-lists.ts';
import { keepStatus } from '../../shared/status.ts';
import { nodeColumns } from './columns.ts';

export const nodeKind: Kind<Node> = {
  resource: nodes,
  countsGeneration: false,
  defaults(node) {
    node.spec ??= {};
    node.status ??= {};
    node.status.daemonEndpoints ??= { kubeletEndpoint: { Port: 0 } };
    if (!node.status.allocatable && node.status.capacity)
      node.status.allocatable = { ...node.status.capacity };
    roundResources(node.status.capacity);
    roundResources(node.status.allocatable);
  },
  prepareForUpdate: keepStatus,
  status: {
    prepareForUpdate(node, old) {
      node.spec = old.spec;
    },
  },
  selectableFields: ({ spec }) => ({ 'spec.unschedulable': String(spec.unschedulable ?? false) }),
  columns: nodeColumns,
};
