import type { Node } from '../../../../api/core/v1.ts';
import type { Column } from '../../../registry/kind.ts';
import { ageColumn, nameColumn, text, wide } from '../../shared/columns.ts';

const rolePrefix = 'node-role.kubernetes.io/';

export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  text('Status', 'Whether the node is ready, and takes new pods.', status),
  text('Roles', 'What the node is for, by its labels.', (n) => roles(n).join(',') || '<none>'),
  ageColumn,
  text('Version', 'Version of the kubelet.', (n) => n.status?.nodeInfo?.kubeletVersion ?? ''),
  wide(text('Internal-IP', 'Address inside of the cluster.', (n) => address(n, 'InternalIP'))),
  wide(text('External-IP', 'Address outside of the cluster.', (n) => address(n, 'ExternalIP'))),
  wide(
    text(
      'OS-Image',
      'Operating system that the node runs.',
      (n) => n.status?.nodeInfo?.osImage || '<unknown>',
    ),
  ),
  wide(
    text(
      'Kernel-Version',
      'Kernel that the node runs.',
      (n) => n.status?.nodeInfo?.kernelVersion || '<unknown>',
    ),
  ),
  wide(
    text(
      'Container-Runtime',
      'What runs the containers.',
      (n) => n.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
    ),
  ),
];

function status({ spec, status }: Node): string {
  const ready = status?.conditions?.findLast((c) => c.type === 'Ready');
  const health = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return spec.unschedulable ? `${health},SchedulingDisabled` : health;
}

function roles({ metadata }: Node): string[] {
  const found = Object.entries(metadata.labels ?? {}).map(([key, value]) => {
    if (key.startsWith(rolePrefix)) return key.slice(rolePrefix.length);
    return key === 'kubernetes.io/role' ? value : '';
  });
  return [...new Set(found.filter(Boolean))].sort();
}

function address({ status }: Node, type: string): string {
  return status?.addresses?.find((a) => a.type === type)?.address ?? '<none>';
}
