import type { ComponentStatus } from '../../../api/core/v1.ts';
import { componentstatuses, leases } from '../../../api/generated/resources.ts';
import { parseTime } from '../../../machinery/time.ts';
import type { HookContext, Kind } from '../../registry/kind.ts';
import { nameColumn, text } from '../shared/columns.ts';

const healthy = (object: ComponentStatus) => object.conditions?.find((c) => c.type === 'Healthy');

function health(object: ComponentStatus): string {
  const condition = healthy(object);
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'Healthy' : 'Unhealthy';
}

const statusOf = (name: string, trouble: string | undefined): ComponentStatus => ({
  apiVersion: 'v1',
  kind: 'ComponentStatus',
  metadata: { name },
  conditions: [{ type: 'Healthy', status: trouble ? 'False' : 'True', message: trouble ?? 'ok' }],
});

/** Why nobody acts as this component: whoever does renews its Lease. */
function silence(component: string, context: HookContext): string | undefined {
  const { spec } = context.get(leases, { namespace: 'kube-system', name: component }) ?? {};
  if (!spec?.renewTime || !spec.holderIdentity) return `no ${component} leads`;
  const endMs = parseTime(spec.renewTime) + (spec.leaseDurationSeconds ?? 0) * 1000;
  if (endMs >= context.platform.clock.now()) return undefined;
  return `${component} ${spec.holderIdentity} has not renewed its lease since ${spec.renewTime}`;
}

/** Kept for `kubectl get componentstatuses`: upstream asks the components, which may run elsewhere; their Leases tell it as well. */
export const componentStatusKind: Kind<ComponentStatus> = {
  resource: componentstatuses,
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  verbs: ['get', 'list'],
  async told(context) {
    return [
      statusOf('controller-manager', silence('kube-controller-manager', context)),
      statusOf('etcd-0', await context.storeTrouble()),
      statusOf('scheduler', silence('kube-scheduler', context)),
    ];
  },
  columns: [
    nameColumn,
    text('Status', 'Whether the component answers that it is well.', health),
    text('Message', 'What the component answered.', (o) => healthy(o)?.message ?? ''),
    text('Error', 'Why the component could not be asked.', (o) => healthy(o)?.error ?? ''),
  ],
};
