import { expect, test } from 'vitest';
import { deployments, jobs } from '../../src/api/generated/resources.ts';
import { VirtualCluster } from '../../src/cluster/simulation/virtual-cluster.ts';
import { InvariantChecker } from './invariants/checker.ts';

// What the simulation has found that takes a whole cluster to show. What a controller shows alone is tested beside it.

const cause = { reason: 'a test says so' };
const metadata = { name: 'w', namespace: 'default' };
const template = (more: object = {}) => ({
  metadata: { labels: { app: 'w' } },
  spec: { containers: [{ name: 'c', image: 'i' }], ...more },
});

test.each([1, 3])(
  'a pod whose maker never heard that it is made is not made once more (seed %i)',
  async (seed) => {
    const cluster = await VirtualCluster.start({ nodes: 2, seed });
    const checker = new InvariantChecker();
    await cluster.follow((batch) => checker.take(batch, cluster.now()));
    cluster.setFaults({ lostAnswers: 0.4, eventDelayMs: 3000 });
    const selector = { matchLabels: { app: 'w' } };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata };
    const spec = { replicas: 4, selector, template: template() };
    await cluster.client.of(deployments).create({ ...deployment, spec } as never, { cause });
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata };
    const work = { completions: 4, parallelism: 2, template: template({ restartPolicy: 'Never' }) };
    await cluster.client.of(jobs).create({ ...job, spec: work } as never, { cause });
    await cluster.advance('5m');
    expect(checker.violations).toEqual([]);
    await cluster.stop();
  },
);
