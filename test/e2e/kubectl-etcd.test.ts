import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { etcdctlPath, TestEtcd, whyNoEtcd } from '../../src/store/etcd/test-etcd.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { configMap } from './support/manifests.ts';

describe.skipIf(!etcdctlPath)(`up --store etcd${whyNoEtcd}`, () => {
  let etcd: TestEtcd;
  let cluster: E2eCluster;
  const args = () => ['--store', 'etcd', '--etcd-servers', etcd.endpoints.join(',')];
  const keys = async (prefix: string) =>
    (await etcd.etcdctl('get', '--prefix', '--keys-only', prefix)).split('\n').filter((line) => line !== '');

  beforeAll(async () => {
    etcd = await TestEtcd.start({ members: 3 });
    cluster = await startE2eCluster({ nodes: 1, args: args() });
  });
  afterAll(async () => {
    await cluster?.stop();
    await etcd?.stop();
  });

  test('etcdctl shows objects under the keys that upstream uses', async () => {
    const { kubectl } = cluster;
    await kubectl.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        names: { kind: 'Widget', plural: 'widgets' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    await kubectl.established('widgets.example.com');
    await kubectl.apply({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } });
    await kubectl.ok('create deployment web --image=registry.test/web:1');
    await kubectl.ok('expose deployment web --port 80');
    await kubectl.ok('create ingress web --rule=example.com/=web:80');
    await kubectl.ok('rollout status deployment/web --timeout=60s');
    const found = await keys('/registry/');
    expect(found).toEqual(
      expect.arrayContaining([
        '/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com',
        '/registry/apiregistration.k8s.io/apiservices/v1.apps',
        '/registry/apiregistration.k8s.io/apiservices/v1.example.com',
        '/registry/clusterrolebindings/cluster-admin',
        '/registry/configmaps/kube-system/kube-root-ca.crt',
        '/registry/deployments/default/web',
        '/registry/example.com/widgets/default/w',
        '/registry/flowschemas/exempt',
        '/registry/ingress/default/web',
        '/registry/leases/kube-node-lease/node-1',
        '/registry/minions/node-1',
        '/registry/namespaces/default',
        '/registry/priorityclasses/system-node-critical',
        '/registry/serviceaccounts/default/default',
        '/registry/services/endpoints/default/web',
        '/registry/services/specs/default/kubernetes',
        '/registry/services/specs/default/web',
      ]),
    );
    expect(found.filter((key) => /^\/registry\/pods\/default\/web-\w+-\w+$/.test(key))).toHaveLength(1);
    expect(found.some((key) => key.startsWith('/registry/events/default/web-'))).toBe(true);
    expect(found.some((key) => key.startsWith('/registry/endpointslices/default/web-'))).toBe(true);
  });

  test('what somebody else writes into etcd is there with the next read', async () => {
    const { kubectl } = cluster;
    for (let i = 0; i < 5; i++) {
      const object = configMap(`foreign-${i}`, { a: `${i}` }) as { metadata: object };
      Object.assign(object.metadata, {
        namespace: 'default',
        uid: `5a3b7c1e-0000-4000-8000-00000000000${i}`,
      });
      await etcd.etcdctl('put', `/registry/configmaps/default/foreign-${i}`, JSON.stringify(object));
      expect(await kubectl.ok(`get configmap foreign-${i} -o jsonpath={.data.a}`)).toBe(`${i}`);
      await etcd.etcdctl('put', '/elsewhere', `${i}`);
      expect(await kubectl.ok('get configmaps -o name')).toContain(`configmap/foreign-${i}`);
    }
    const first = '/registry/configmaps/default/foreign-0';
    await etcd.etcdctl('del', first);
    expect((await kubectl.run('get configmap foreign-0')).stderr).toContain('not found');
  });

  test('an event ends with its lease, an hour after it was made', async () => {
    const [event] = await keys('/registry/events/default/web-');
    const found = await etcd.etcdctl('get', event as string, '-w', 'json');
    // JSON.parse would round the number.
    const id = BigInt(/"lease":(\d+)/.exec(found)?.[1] ?? 0).toString(16);
    expect(await etcd.etcdctl('lease', 'timetolive', id)).toMatch(/granted with TTL\(36[0-6]\ds\)/);
  });

  test('goes on while a member is down, and is as it was after the next start', async () => {
    const { kubectl, dataDir } = cluster;
    await etcd.killMember(0);
    await kubectl.ok('create configmap without-one');
    await kubectl.ok('get pods');
    await cluster.interrupt();
    cluster = await startE2eCluster({ nodes: 1, dataDir, args: args() });
    etcd.startMember(0);
    expect(await cluster.kubectl.ok('get configmap without-one -o name')).toBe('configmap/without-one');
    await etcd.ready();
  });

  test('without a majority the server says so, and is well again with it', async () => {
    const { kubectl } = cluster;
    await Promise.all([etcd.killMember(0), etcd.killMember(1)]);
    const failed = await kubectl.run('create configmap hopeless --request-timeout=30s');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/etcd|timed out|Timeout/);
    for (const member of [0, 1]) etcd.startMember(member);
    await etcd.ready();
    await kubectl.ok('create configmap hopeful');
    expect(await kubectl.ok('get --raw /readyz')).toBe('ok');
  });
});
