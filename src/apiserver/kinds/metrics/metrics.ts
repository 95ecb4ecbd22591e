import type { NodeMetrics, PodMetrics } from '../../../api/metrics/v1beta1.ts';
import { nodes, nodesMetricsV1beta1, pods, podsMetricsV1beta1 } from '../../../api/generated/resources.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { addQuantities, formatQuantity, parseQuantity } from '../../../machinery/quantity.ts';
import { timestamp } from '../../../platform/clock.ts';
import type { Chosen, Column, Kind, TellingContext } from '../../registry/kind.ts';
import { nameColumn, text } from '../shared/columns.ts';

/** The columns of upstream's metrics server. */
const columnsFor = <T extends KubernetesObject & { window: string }>(
  used: (object: T, resource: string) => string,
): Column<T>[] => [
  nameColumn,
  text('cpu', 'Processors in use, averaged over the window.', (o) => used(o, 'cpu')),
  text('memory', 'Memory in use at the end of the window.', (o) => used(o, 'memory')),
  text('window', 'The time over which the use of cpu is averaged.', (o) => o.window),
];

/** The identity of what is measured, with the moment of the answer. */
function metadataOf({ name, namespace, labels }: Chosen, { platform }: TellingContext) {
  return { name, namespace, creationTimestamp: timestamp(platform.clock), labels };
}

/** What nodes use, for those of which it is known. */
const nodeMetricsKind: Kind<NodeMetrics> = {
  resource: nodesMetricsV1beta1,
  verbs: ['get', 'list'],
  async told(context) {
    const measured = await context.usage();
    return [...context.chosen(nodes)].flatMap((node) => {
      const used = measured.node(node.name);
      const metadata = metadataOf(node, context);
      return used ? [{ apiVersion: 'metrics.k8s.io/v1beta1', kind: 'NodeMetrics', metadata, ...used }] : [];
    });
  },
  columns: columnsFor(({ usage }, resource) => usage[resource] ?? ''),
};

/** What pods use, for those whose containers are all known. */
const podMetricsKind: Kind<PodMetrics> = {
  resource: podsMetricsV1beta1,
  verbs: ['get', 'list'],
  async told(context) {
    const measured = await context.usage();
    return [...context.chosen(pods)].flatMap((pod) => {
      const used = measured.pod(pod.namespace, pod.name);
      const metadata = metadataOf(pod, context);
      return used ? [{ apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', metadata, ...used }] : [];
    });
  },
  columns: columnsFor(({ containers }, resource) => total(containers.map(({ usage }) => usage[resource]))),
};

const total = (amounts: (string | undefined)[]): string =>
  formatQuantity(
    amounts.map((amount) => parseQuantity(amount ?? '0')).reduce(addQuantities, parseQuantity(0)),
  );

/** The metrics API: served where somebody measures what is used. */
export const metricsKinds: readonly Kind[] = [nodeMetricsKind, podMetricsKind];
