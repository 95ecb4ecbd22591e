import { afterEach, beforeEach, expect, test } from 'vitest';
import { poddisruptionbudgets } from '../../api/generated/resources.ts';
import { compiledOnce } from '../../machinery/label-selector.ts';
import { TestCluster } from '../testing.ts';
import { Selecting } from './selecting.ts';

let cluster: TestCluster;

beforeEach(async () => void (cluster = await TestCluster.start()));
afterEach(() => cluster.stop());

const budget = (name: string, matchLabels: Record<string, string>) =>
  cluster.create(poddisruptionbudgets, { metadata: { name }, spec: { selector: { matchLabels } } });

const pod = (labels: Record<string, string>, namespace = 'default') => ({ metadata: { labels, namespace } });

test('what selects objects of the same labels is found out once, until something else may', async () => {
  let reads = 0;
  const selecting = new Selecting(cluster.informers.of(poddisruptionbudgets), ({ spec }) => {
    reads++;
    return compiledOnce(spec.selector);
  });
  const looks = (labels: Record<string, string>, namespace?: string) => {
    const before = reads;
    return [selecting.keysFor(pod(labels, namespace)), reads - before];
  };
  await budget('a', { app: 'web' });
  await budget('b', { app: 'db' });
  await cluster.settle();
  expect(looks({ app: 'web' })).toEqual([['default/a'], 2]);
  expect(looks({ app: 'web' })).toEqual([['default/a'], 0]);
  expect(looks({ app: 'web' }, 'other')).toEqual([[], 0]);

  const status = { disruptionsAllowed: 1, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  await cluster.patch(poddisruptionbudgets, 'a', { metadata: { labels: { x: 'y' } }, status });
  await cluster.settle();
  expect(looks({ app: 'web' })).toEqual([['default/a'], 0]);

  await cluster.patch(poddisruptionbudgets, 'b', { spec: { selector: { matchLabels: { app: 'web' } } } });
  await cluster.settle();
  expect(looks({ app: 'web' })).toEqual([['default/a', 'default/b'], 2]);
  await cluster.delete(poddisruptionbudgets, 'a');
  await cluster.settle();
  expect(looks({ app: 'web' })).toEqual([['default/b'], 1]);
});

test('where nothing selects, nobody’s labels are looked at', async () => {
  const selecting = new Selecting(cluster.informers.of(poddisruptionbudgets), () => undefined);
  await cluster.settle();
  const { proxy: labels, revoke } = Proxy.revocable<Record<string, string>>({}, {});
  revoke();
  expect(selecting.keysFor(pod(labels))).toEqual([]);
});

test('what cannot be read selects nothing', async () => {
  await budget('a', { app: 'web' });
  await cluster.settle();
  const selecting = new Selecting(cluster.informers.of(poddisruptionbudgets), () => {
    throw new Error('unreadable');
  });
  expect(selecting.keysFor(pod({ app: 'web' }))).toEqual([]);
});
