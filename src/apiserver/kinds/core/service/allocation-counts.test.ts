import { expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../../../api/core/v1.ts';
import { services } from '../../../../api/generated/resources.ts';
import { createTestApi } from '../../../registry/testing.ts';
import { kindsAs } from '../../kinds.ts';
import { AllocationCounts } from './allocation-counts.ts';
import { allottedMetrics } from './service.ts';

test('what services are given, cannot be given, and hold is told under the names of upstream', async () => {
  const cidr = '10.0.0.0/28';
  const settings = {
    cidrs: [cidr],
    nodePorts: { first: 30000, last: 30003 },
    counts: new AllocationCounts(),
  };
  const api = await createTestApi(kindsAs({ services: settings }));
  const create = (name: string, spec: ServiceSpec, query = {}) =>
    api.object<Service>('create', services, {
      body: { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } },
      ...query,
    });
  await create('any', {});
  await create('this', { clusterIP: '10.0.0.9' });
  await expect(create('same', { clusterIP: '10.0.0.9' })).rejects.toThrow('already allocated');
  await expect(create('far', { clusterIP: '10.1.0.9' })).rejects.toThrow('does not match');
  await create('asked', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] });
  await create('dns', {
    type: 'NodePort',
    ports: ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), port: 53, protocol })),
  });
  await expect(create('taken', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })).rejects.toThrow(
    'already allocated',
  );
  await expect(
    create('outside', { type: 'NodePort', ports: [{ port: 80, nodePort: 31000 }] }),
  ).rejects.toThrow('not in the valid range');
  const told = allottedMetrics(settings, api.dispatcher.reader).flatMap(({ name, values }) =>
    values()
      .filter(({ metricName = name }) => !metricName.includes('duration') || metricName.endsWith('_count'))
      .map(({ labels, value, metricName = name }) => {
        const text = Object.values(labels).join(' ');
        return `${metricName.replace('kube_apiserver_', '')}${text && ` ${text}`}: ${value}`;
      }),
  );
  expect(told).toEqual([
    `clusterip_allocator_allocated_ips ${cidr}: 4`,
    `clusterip_allocator_available_ips ${cidr}: 10`,
    `clusterip_allocator_allocation_total ${cidr} dynamic: 5`,
    `clusterip_allocator_allocation_total ${cidr} static: 1`,
    `clusterip_allocator_allocation_errors_total ${cidr} static: 1`,
    `clusterip_allocator_allocation_duration_seconds_count ${cidr}: 6`,
    'nodeport_allocator_allocated_ports: 2',
    'nodeport_allocator_available_ports: 2',
    'nodeport_allocator_allocation_total static: 1',
    'nodeport_allocator_allocation_total dynamic: 1',
    'nodeport_allocator_allocation_errors_total static: 2',
  ]);
});
