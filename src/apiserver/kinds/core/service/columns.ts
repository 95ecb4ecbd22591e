import type { Service, ServicePort } from '../../../../api/core/v1.ts';
import type { Column } from '../../../registry/kind.ts';
import { ageColumn, labelsText, nameColumn, text, wide } from '../../shared/columns.ts';

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  text('Type', 'How the service is offered.', ({ spec }) => spec.type ?? ''),
  text('Cluster-IP', 'Address inside of the cluster.', ({ spec }) => spec.clusterIPs?.[0] ?? '<none>'),
  text('External-IP', 'Addresses outside of the cluster.', externalAddress),
  text(
    'Port(s)',
    'Ports of the service; after a colon those of the nodes.',
    ({ spec }) => (spec.ports ?? []).map(port).join(',') || '<none>',
  ),
  ageColumn,
  wide(text('Selector', 'Labels of the pods that serve.', ({ spec }) => labelsText(spec.selector))),
];

function port({ port, nodePort, protocol }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}

function externalAddress(service: Service): string {
  const { type, externalName, externalIPs = [] } = service.spec;
  if (type === 'ExternalName') return externalName ?? '';
  if (type === 'LoadBalancer') return [...balancers(service), ...externalIPs].join(',') || '<pending>';
  return type === 'ClusterIP' || type === 'NodePort' ? externalIPs.join(',') || '<none>' : '<unknown>';
}

function balancers({ status }: Service): string[] {
  const points = (status?.loadBalancer?.ingress ?? []).map((i) => i.ip || i.hostname || '');
  return [...new Set(points.filter(Boolean))].sort();
}
