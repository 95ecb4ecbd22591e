import { expect, test } from 'vitest';
import { clusterroles } from '../../api/generated/resources.ts';
import { TestCluster } from '../testing.ts';
import { createClusterRoleAggregationController } from './clusterrole-aggregation.ts';

test('a role is what the roles that it selects are', async () => {
  const cluster = await TestCluster.start();
  const context = cluster.context('clusterrole-aggregation-controller');
  await cluster.run(createClusterRoleAggregationController(context));
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { team: 'a' } }] };
  await cluster.create(clusterroles, { metadata: { name: 'all' }, aggregationRule });
  const labels = { team: 'a' };
  await cluster.create(clusterroles, {
    metadata: { name: 'b', labels },
    rules: [rule('pods'), rule('nodes')],
  });
  await cluster.create(clusterroles, { metadata: { name: 'a', labels }, rules: [rule('pods')] });
  await cluster.settle();
  expect((await cluster.get(clusterroles, 'all')).rules).toEqual([rule('pods'), rule('nodes')]);
  expect((await cluster.get(clusterroles, 'all')).metadata.managedFields).toContainEqual(
    expect.objectContaining({ manager: 'clusterrole-aggregation-controller', operation: 'Apply' }),
  );
  await cluster.patch(clusterroles, 'b', { metadata: { labels: null } });
  expect((await cluster.get(clusterroles, 'all')).rules).toEqual([rule('pods')]);
  await cluster.delete(clusterroles, 'a');
  expect((await cluster.get(clusterroles, 'all')).rules ?? []).toEqual([]);
  // The roles for users are made of others, and are whole.
  expect((await cluster.get(clusterroles, 'admin')).rules?.length).toBeGreaterThan(10);
  await cluster.stop();
});
