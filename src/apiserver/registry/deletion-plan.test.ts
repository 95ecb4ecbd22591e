import { expect, test, vi } from 'vitest';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { planDeletion } from './deletion-plan.ts';
import type { Kind } from './kind.ts';

test('thousands of finalizers are not compared each with each', () => {
  const finalizers = Array.from({ length: 5000 }, (_, i) => `example.com/f${i}`);
  const object = { metadata: { name: 'x', finalizers } } as Stored<KubernetesObject>;
  const context = { platform: { clock: new VirtualClock() } };
  const plan = (options: object) => planDeletion({} as Kind, object, { options, context } as never);
  const looks = vi.spyOn(Array.prototype, 'includes');
  const [plain, orphaning] = [plan({}), plan({ propagationPolicy: 'Orphan' })];
  const count = looks.mock.calls.length;
  looks.mockRestore();
  expect(count).toBeLessThan(10);
  expect(plain).toMatchObject({ type: 'mark', object: { metadata: { finalizers } } });
  expect(orphaning.type === 'mark' && orphaning.object.metadata.finalizers).toEqual([
    ...finalizers,
    'orphan',
  ]);
});
