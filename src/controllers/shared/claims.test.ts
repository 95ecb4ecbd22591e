import { afterEach, beforeEach, expect, test } from 'vitest';
import { pods, replicasets } from '../../api/generated/resources.ts';
import { createReplicaSetController } from '../replicaset/replicaset.ts';
import { TestCluster } from '../testing.ts';

const labels = { app: 'web' };
const spec = { containers: [{ name: 'c', image: 'i' }] };

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(() => cluster.stop());

test.each([
  ['is being deleted', 'Foreground'],
  ['is gone', 'Background'],
] as const)(
  'for an owner that %s by the time that it is asked for nothing is adopted and nothing made',
  async (_, how) => {
    const context = cluster.overtaken(
      'replicaset-controller',
      ({ method, path }) => method === 'GET' && path.endsWith('/replicasets/web'),
      async () => {
        const cause = { reason: 'a test says so' };
        const ref = { name: 'web', namespace: 'default' };
        await cluster.client.of(replicasets).delete(ref, { cause, propagationPolicy: how });
      },
    );
    await cluster.run(createReplicaSetController(context));
    await cluster.create(pods, { metadata: { name: 'stray', labels }, spec });
    const template = { metadata: { labels }, spec };
    const set = { replicas: 2, selector: { matchLabels: labels }, template };
    await cluster.create(replicasets, { metadata: { name: 'web' }, spec: set });
    await cluster.settle();
    expect(
      (await cluster.list(pods)).map(({ metadata }) => [metadata.name, metadata.ownerReferences]),
    ).toEqual([['stray', undefined]]);
  },
);
