import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodes } from '../../api/generated/resources.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster } from '../testing.ts';
import { createNodeIpamController, type PodRange } from './node-ipam.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(() => cluster.stop());

const ipv4 = { cidr: '10.244.0.0/23', nodeBits: 24 };
const ipv6 = { cidr: 'fd00:10:244::/62', nodeBits: 64 };
const run = (...podRanges: PodRange[]) =>
  cluster.run(createNodeIpamController(cluster.context('node-ipam-controller'), { podRanges }));

const add = (name: string, podCIDR?: string) =>
  cluster.create(nodes, { metadata: { name }, spec: { ...(podCIDR && { podCIDR }) } });
const rangeOf = async (name: string) => (await cluster.get(nodes, name)).spec?.podCIDR;

test('each node gets a range of its own, also beside one that came with its range', async () => {
  await run(ipv4);
  await add('a', '10.244.0.0/24');
  await add('b');
  await cluster.settle();
  expect(await rangeOf('b')).toBe('10.244.1.0/24');
});

test('a range that is no block of ours keeps all that it touches from others', async () => {
  await run(ipv4);
  await add('a', '10.244.0.128/25');
  await add('b');
  await cluster.settle();
  expect(await rangeOf('b')).toBe('10.244.1.0/24');
});

test('a node that got none gets that of a node that goes', async () => {
  await run(ipv4);
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

const both = async (name: string) => {
  const { podCIDR, podCIDRs } = (await cluster.get(nodes, name)).spec ?? {};
  return { podCIDR, podCIDRs };
};

test('of two ranges each node gets a part of both, the first first', async () => {
  await run(ipv6, ipv4);
  await add('a');
  await cluster.settle();
  expect(await both('a')).toEqual({
    podCIDR: 'fd00:10:244::/64',
    podCIDRs: ['fd00:10:244::/64', '10.244.0.0/24'],
  });
});

test('nodes that are there before the controller keep what they have, and others do not get it', async () => {
  await cluster.create(nodes, {
    metadata: { name: 'old' },
    spec: { podCIDRs: ['10.244.1.0/24', 'fd00:10:244::/64'] },
  });
  await add('single', '10.244.0.0/24');
  await run({ ...ipv4, cidr: '10.244.0.0/22' }, ipv6);
  await add('new');
  await cluster.settle();
  expect(await both('new')).toMatchObject({ podCIDRs: ['10.244.2.0/24', 'fd00:10:244:1::/64'] });
  expect(await both('single')).toMatchObject({ podCIDRs: ['10.244.0.0/24'] });
});

test('where one of two ranges is used up, nothing of the other is taken', async () => {
  await run({ ...ipv6, cidr: 'fd00:10:244::/60' }, ipv4);
  for (const name of ['a', 'b', 'c']) await add(name);
  await cluster.settle();
  expect(await both('c')).toEqual({ podCIDR: undefined, podCIDRs: undefined });
  expect(await cluster.events('CIDRNotAvailable')).toEqual([
    'CIDRNotAvailable Node c status is now: CIDRNotAvailable',
  ]);
  const allocated = 'node_ipam_controller_cidrset_cidrs_allocations_total';
  const max = 'node_ipam_controller_cirdset_max_cidrs';
  expect(seriesOf(cluster.meter)).toMatchObject({
    [`${allocated}{clusterCIDR="fd00:10:244::/60"}`]: 2,
    [`${allocated}{clusterCIDR="10.244.0.0/23"}`]: 2,
    [`${max}{clusterCIDR="fd00:10:244::/60"}`]: 16,
    [`${max}{clusterCIDR="10.244.0.0/23"}`]: 2,
  });
  await cluster.delete(nodes, 'a');
  await cluster.settle();
  expect(await both('c')).toMatchObject({ podCIDRs: ['fd00:10:244:2::/64', '10.244.0.0/24'] });
});
