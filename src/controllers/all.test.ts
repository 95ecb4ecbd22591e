import { expect, test } from 'vitest';
import {
  configmaps,
  deployments,
  endpointslices,
  leases,
  namespaces,
  nodes,
  pods,
  serviceaccounts,
  services,
} from '../api/generated/resources.ts';
import { createAuthority } from '../cluster/pki.ts';
import type { LogLine } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { createControllers } from './all.ts';
import { addNode, heartbeat, readyNode, TestCluster, TestNodes } from './testing.ts';

test('all controllers together, each with the rights of its own role, run an application and its end', async () => {
  const lines: LogLine[] = [];
  const cluster = await TestCluster.start({ onLog: (line) => lines.push(line) });
  const kubelets = new TestNodes(cluster);
  const authority = await createAuthority({ clock: cluster.clock, random: systemRandom });
  const names = new Set<string>();
  await cluster.run(
    ...createControllers({
      contextFor: (name, reporter) => {
        names.add(name);
        return cluster.context(name, reporter);
      },
      discover: cluster.discover,
      authority: authority.certificate,
      authorityKey: authority.key,
      podRanges: [{ cidr: '10.244.0.0/16', nodeBits: 24 }],
      dnsAddress: '10.96.0.10',
      localVolumes: { pathOf: (name) => `/volumes/${name}`, remove: async () => {} },
    }),
  );
  expect(names.size).toBeGreaterThan(25);
  await addNode(cluster, readyNode('node-1', cluster.clock.now()));
  await cluster.client
    .of(namespaces)
    .create(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' }, spec: {} },
      { cause: { reason: 'test' } },
    );
  await cluster.settle();
  expect((await cluster.get(nodes, 'node-1')).spec?.podCIDR).toBe('10.244.0.0/24');
  expect(await cluster.find(serviceaccounts, 'default', 'shop')).toBeDefined();
  expect(await cluster.find(configmaps, 'kube-root-ca.crt', 'shop')).toBeDefined();
  expect((await cluster.get(services, 'kube-dns', 'kube-system')).spec.clusterIP).toBe('10.96.0.10');

  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'web:1' }] } };
  const metadata = { name: 'web', namespace: 'shop' };
  await cluster.create(deployments, {
    metadata,
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  });
  await cluster.create(services, { metadata, spec: { selector: labels, ports: [{ port: 80 }] } });
  await cluster.settle();
  expect((await cluster.get(deployments, 'web', 'shop')).status?.availableReplicas).toBe(2);
  const slices = await cluster.list(endpointslices, 'kubernetes.io/service-name=web');
  expect(slices[0]?.endpoints).toHaveLength(2);

  kubelets.lets = true;
  await cluster.delete(namespaces, 'shop');
  await cluster.pass(5_000);
  expect(await cluster.find(namespaces, 'shop')).toBeUndefined();
  expect((await cluster.list(pods)).filter((pod) => pod.metadata.namespace === 'shop')).toEqual([]);

  const refused = lines.filter((line) => JSON.stringify(line.fields).includes('forbidden: User'));
  expect(refused).toEqual([]);
  await cluster.stop();
});

test('a quiet cluster writes nothing but heartbeats', async () => {
  const cluster = await TestCluster.start();
  const authority = 'PEM';
  await cluster.run(
    ...createControllers({
      contextFor: (name) => cluster.context(name),
      discover: cluster.discover,
      authority,
      podRanges: [{ cidr: '10.244.0.0/16', nodeBits: 24 }],
      dnsAddress: '10.96.0.10',
    }),
  );
  await addNode(cluster, readyNode('node-1', cluster.clock.now()));
  await cluster.create(leases, heartbeat('node-1', cluster.clock.now()));
  await cluster.pass(10_000);
  const before = await cluster.revision();
  await cluster.pass(30_000);
  expect(await cluster.revision()).toBe(before);
  await cluster.stop();
});
