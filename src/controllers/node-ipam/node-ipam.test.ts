import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodes } from '../../api/generated/resources.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster } from '../testing.ts';
import { createNodeIpamController } from './node-ipam.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
  const range = { podRange: '10.244.0.0/23', nodeBits: 24 };
  await cluster.run(createNodeIpamController(cluster.context('node-ipam-controller'), range));
});
afterEach(() => cluster.stop());

const add = (name: string, podCIDR?: string) =>
  cluster.create(nodes, { metadata: { name }, spec: { ...(podCIDR && { podCIDR }) } });
const rangeOf = async (name: string) => (await cluster.get(nodes, name)).spec?.podCIDR;

test('each node gets a range of its own, also beside one that came with its range', async () => {
  await add('a', '10.244.0.0/24');
  await add('b');
  await cluster.settle();
  expect(await rangeOf('b')).toBe('10.244.1.0/24');
});

test('a range that is no block of ours keeps all that it touches from others', async () => {
  await add('a', '10.244.0.128/25');
  await add('b');
  await cluster.settle();
  expect(await rangeOf('b')).toBe('10.244.1.0/24');
});

test('a node that got none gets that of a node that goes', async () => {
  for (const name of ['a', 'b', 'c']) await add(name);
  await cluster.settle();
  expect(await rangeOf('c')).toBeUndefined();
  expect(await cluster.events('CIDRNotAvailable')).toEqual([
    'CIDRNotAvailable Node c status is now: CIDRNotAvailable',
  ]);
  await cluster.delete(nodes, 'a');
  await cluster.settle();
  expect(await rangeOf('c')).toBe('10.244.0.0/24');
  const ofRange = '{clusterCIDR="10.244.0.0/23"}';
  expect(seriesOf(cluster.meter)).toMatchObject({
    [`node_ipam_controller_cidrset_cidrs_allocations_total${ofRange}`]: 3,
    [`node_ipam_controller_cidrset_cidrs_releases_total${ofRange}`]: 1,
    [`node_ipam_controller_cidrset_usage_cidrs${ofRange}`]: 1,
    [`node_ipam_controller_cirdset_max_cidrs${ofRange}`]: 2,
  });
});
