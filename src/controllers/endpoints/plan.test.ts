import { expect, test } from 'vitest';
import type { Pod, Service } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { mostAddresses, planSubsets } from './plan.ts';

const service: Service = {
  metadata: { name: 'web' },
  spec: { clusterIP: '10.96.0.7', ports: [{ port: 80 }] },
};

const podAt = (i: number, ready: boolean): Stored<Pod> => ({
  metadata: {
    name: `p${i}`,
    uid: `u${i}`,
    resourceVersion: '1',
    creationTimestamp: '',
    namespace: 'default',
  },
  spec: { containers: [] },
  status: {
    podIP: `10.244.${Math.floor(i / 250)}.${(i % 250) + 1}`,
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
});

test('where there is no room for all, those that are ready come first', () => {
  const all = Array.from({ length: mostAddresses + 200 }, (_, i) => podAt(i, i >= 300));
  const [subset] = planSubsets(service, all);
  expect(subset?.addresses?.length).toBe(900);
  expect(subset?.notReadyAddresses?.length).toBe(100);
});
