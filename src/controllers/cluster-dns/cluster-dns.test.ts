import { expect, test } from 'vitest';
import { endpointslices } from '../../api/generated/resources.ts';
import { addNode, readyNode, TestCluster } from '../testing.ts';
import { createClusterDnsController } from './cluster-dns.ts';

/** Adds a node that has these addresses. */
function addAt(cluster: TestCluster, name: string, ...ips: string[]) {
  const node = readyNode(name, cluster.clock.now());
  const addresses = ips.map((address) => ({ type: 'InternalIP', address }));
  return addNode(cluster, { ...node, status: { ...node.status, addresses } });
}

test('the nodes that can be reached answer names; one at a loopback address is left out', async () => {
  const cluster = await TestCluster.start();
  const context = cluster.context('cluster-dns-controller');
  await cluster.run(createClusterDnsController(context, { address: '10.96.0.10' }));
  const at = (name: string, address: string) => addAt(cluster, name, address);
  await at('a', '127.0.0.1');
  await at('b', '10.0.0.2');
  await cluster.settle();
  const slice = (await cluster.list(endpointslices)).find((s) => s.metadata.namespace === 'kube-system');
  expect(slice?.endpoints?.map((e) => e.addresses)).toEqual([['10.0.0.2']]);
  const before = await cluster.revision();
  await cluster.pass(60_000);
  expect(await cluster.revision()).toBe(before);
  await cluster.stop();
});

test('where names are answered at an address of IPv6, nodes answer at theirs', async () => {
  const cluster = await TestCluster.start({ serviceCidrs: ['fd00::/112'] });
  const context = cluster.context('cluster-dns-controller');
  await cluster.run(createClusterDnsController(context, { address: 'fd00::a' }));
  await addAt(cluster, 'a', '10.0.0.1');
  await addAt(cluster, 'b', '10.0.0.2', 'fd01::2');
  await cluster.settle();
  const slice = (await cluster.list(endpointslices)).find((s) => s.metadata.namespace === 'kube-system');
  expect(slice).toMatchObject({ addressType: 'IPv6', endpoints: [{ addresses: ['fd01::2'] }] });
  await cluster.stop();
});
