import { expect, test } from 'vitest';
import type { ContainerPort } from '../../../api/core/v1.ts';
import { portWarnings } from './port-warnings.ts';

const adviceOn = (count: number, port: (i: number) => Partial<ContainerPort>) =>
  portWarnings(
    Array.from({ length: count }, (_, i) => ({
      field: `spec.containers[${i}]`,
      container: { ports: [{ containerPort: 80, protocol: 'TCP', ...port(i) }] },
    })),
  );

test('many containers with one port hold nobody up, and are told of as far as an answer has room', () => {
  const same = adviceOn(20_000, () => ({}));
  expect(same.length).toBeGreaterThanOrEqual(100);
  expect(same.length).toBeLessThan(1000);
  expect(same[0]).toBe(
    'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
  );
  expect(adviceOn(50_000, (i) => ({ hostPort: i + 1 }))).toEqual([]);
});
