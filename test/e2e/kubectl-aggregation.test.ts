import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ExtensionResource, TestExtension } from '../../src/apiserver/aggregation/testing-extension.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'watch'];
const flunders: ExtensionResource = {
  group: 'wardle.test',
  version: 'v1alpha1',
  plural: 'flunders',
  kind: 'Flunder',
  namespaced: true,
  verbs,
};
const metrics = { group: 'metrics.k8s.io', version: 'v1beta1', verbs: ['get', 'list'] };
const nodeMetrics: ExtensionResource = {
  ...metrics,
  plural: 'nodes',
  kind: 'NodeMetrics',
  namespaced: false,
};
const podMetrics: ExtensionResource = { ...metrics, plural: 'pods', kind: 'PodMetrics', namespaced: true };

let cluster: E2eCluster;
let extension: TestExtension;

/** A Service that leads to this machine, and the registration of a version with what stands behind it. */
const registration = ({ group, version }: ExtensionResource) => ({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'extension', namespace: 'kube-system' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        caBundle: extension.caBundle,
        service: { namespace: 'kube-system', name: 'extension', port: extension.port },
      },
    },
  ],
});

const available = ({ group, version }: ExtensionResource) =>
  cluster.kubectl.ok(`wait apiservice/${version}.${group} --for=condition=Available --timeout=30s`);

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 1 });
  const name = 'extension-apiserver-authentication';
  const { data } = await cluster.kubectl.json(`get configmap ${name} -n kube-system`);
  extension = await TestExtension.start({
    resources: [flunders, nodeMetrics, podMetrics],
    services: ['extension.kube-system'],
    proxyCa: data['requestheader-client-ca-file'],
  });
});
afterAll(async () => {
  await extension?.close();
  await cluster?.stop();
});

describe('an API of several servers', () => {
  test('shows who answers for what', async () => {
    const { kubectl } = cluster;
    await kubectl.apply(registration(flunders));
    await available(flunders);
    const lines = (await kubectl.ok('get apiservices')).split('\n');
    expect(lines[0]).toMatch(/^NAME +SERVICE +AVAILABLE +AGE$/);
    expect(lines.find((line) => line.startsWith('v1.apps '))).toMatch(/^v1\.apps +Local +True +\d+/);
    expect(lines.find((line) => line.startsWith('v1alpha1.wardle.test'))).toMatch(
      /^v1alpha1\.wardle\.test +kube-system\/extension +True +\d+/,
    );
    expect(await kubectl.ok('api-versions')).toContain('wardle.test/v1alpha1');
    await vi.waitFor(
      async () =>
        expect(await kubectl.ok('api-resources --api-group=wardle.test --no-headers')).toMatch(
          /^flunders +wardle\.test\/v1alpha1 +true +Flunder$/,
        ),
      { timeout: 20_000, interval: 200 },
    );
    expect(
      (await kubectl.ok('api-resources --api-group=apiregistration.k8s.io --no-headers')).trim(),
    ).toMatch(/^apiservices +apiregistration\.k8s\.io\/v1 +false +APIService$/);
  });

  test('is one to its users', async () => {
    const { kubectl } = await cluster.namespace();
    const flunder = { apiVersion: 'wardle.test/v1alpha1', kind: 'Flunder', metadata: { name: 'one' } };
    const input = JSON.stringify(flunder);
    expect(await kubectl.ok('create --validate=false -f -', { input })).toBe(
      'flunder.wardle.test/one created',
    );
    expect(await kubectl.ok('get flunders')).toMatch(/^NAME +MADE-BY\none +the extension$/);
    expect((await kubectl.json('get flunder one')).metadata.name).toBe('one');
    expect(await kubectl.ok('explain flunders')).toContain('A Flunder of another server.');
    const watch = kubectl.start('get flunders -w --output-watch-events');
    await vi.waitFor(() => expect(extension.watches).toBeGreaterThan(0), { timeout: 20_000 });
    const other = JSON.stringify({ ...flunder, metadata: { name: 'two' } });
    await kubectl.ok('create --validate=false -f -', { input: other });
    await watch.shows(/ADDED +two/, 20_000);
    await watch.stop();
    expect(extension.requests.at(-1)?.headers['x-remote-user']).toBe('kubernetes-admin');
  });

  test('empties namespaces of what other servers have in them', async () => {
    const { kubectl, ns } = await cluster.namespace();
    const flunder = { apiVersion: 'wardle.test/v1alpha1', kind: 'Flunder', metadata: { name: 'last' } };
    await kubectl.ok('create --validate=false -f -', { input: JSON.stringify(flunder) });
    await cluster.kubectl.ok(`delete namespace ${ns} --timeout=60s`);
    const deleted = extension.requests.filter((r) => r.method === 'DELETE' && r.url.includes(`/${ns}/`));
    expect(deleted).not.toHaveLength(0);
    expect(deleted.at(-1)?.headers['x-remote-user']).toBe(
      'system:serviceaccount:kube-system:namespace-controller',
    );
  });

  test('goes on without a server that is away, and says so', async () => {
    const { kubectl } = cluster;
    const { port } = extension;
    const { ns } = await cluster.namespace();
    await extension.close();
    await kubectl.ok('annotate apiservice v1alpha1.wardle.test look=again');
    await kubectl.ok([
      'patch',
      'apiservice',
      'v1alpha1.wardle.test',
      '-p',
      '{"spec":{"versionPriority":99}}',
    ]);
    await kubectl.ok('wait apiservice/v1alpha1.wardle.test --for=condition=Available=False --timeout=60s');
    expect(await kubectl.ok('get apiservice v1alpha1.wardle.test --no-headers')).toContain(
      'False (FailedDiscoveryCheck)',
    );
    expect(await kubectl.fails('get --raw /apis/wardle.test/v1alpha1/flunders')).toContain(
      'the server is currently unable to handle the request',
    );
    expect(await kubectl.ok('get pods -A -o name')).toBeDefined();
    await kubectl.ok(`delete namespace ${ns} --wait=false`);
    const reason = '{.status.conditions[?(@.type=="NamespaceDeletionDiscoveryFailure")].message}';
    await kubectl.ok(`wait namespace/${ns} --for=condition=NamespaceDeletionDiscoveryFailure --timeout=60s`);
    expect(await kubectl.ok(['get', 'namespace', ns, '-o', `jsonpath=${reason}`])).toBe(
      'Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: wardle.test/v1alpha1: stale GroupVersion discovery: wardle.test/v1alpha1',
    );
    await extension.listen(port);
    await available(flunders);
    await kubectl.ok(`wait namespace/${ns} --for=delete --timeout=120s`);
  });

  test('lets other servers ask who somebody is and what he may do', async () => {
    const { kubectl, ns } = await cluster.namespace();
    const user = `system:serviceaccount:${ns}:extension`;
    await kubectl.ok('create serviceaccount extension');
    const token = await kubectl.ok('create token extension');
    const as = kubectl.with({ flags: ['--as', user, '--as-group=system:authenticated'] });
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: { name: '' },
      spec: { token },
    };
    const asked = 'create --validate=false -o json -f -';
    expect(await as.fails(asked, { input: JSON.stringify(review) })).toContain('forbidden');
    await kubectl.ok(`create clusterrolebinding ${ns} --clusterrole=system:auth-delegator --user=${user}`);
    const reader = 'extension-apiserver-authentication-reader';
    await cluster.kubectl.ok(`create rolebinding ${ns} -n kube-system --role=${reader} --user=${user}`);
    const who = JSON.parse(await as.ok(asked, { input: JSON.stringify(review) }));
    expect(who.status).toMatchObject({ authenticated: true, user: { username: user } });
    const may = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: { name: '' },
      spec: {
        user: 'jane',
        resourceAttributes: { verb: 'list', group: 'wardle.test', resource: 'flunders' },
      },
    };
    expect(JSON.parse(await as.ok(asked, { input: JSON.stringify(may) })).status.allowed).toBe(false);
    const name = 'extension-apiserver-authentication';
    expect((await as.with({ namespace: 'kube-system' }).json(`get configmap ${name}`)).data).toHaveProperty(
      'requestheader-client-ca-file',
    );
  });
});

describe('the metrics API', () => {
  const usage = (cpu: string, memory: string) => ({ cpu, memory });
  const measured = (kind: string, name: string, more: object) => ({
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind,
    metadata: { name },
    timestamp: '2026-01-01T00:00:00Z',
    window: '30s',
    ...more,
  });
  const report = (path: string, object: object) =>
    cluster.kubectl.ok(['create', '--raw', `/apis/metrics.k8s.io/v1beta1/${path}`, '-f', '-'], {
      input: JSON.stringify(object),
    });

  test('is read by kubectl top', async () => {
    await cluster.kubectl.apply(registration(podMetrics));
    await available(podMetrics);
    const { kubectl, ns } = await cluster.namespace();
    const [node = ''] = (await kubectl.ok('get nodes -o name')).split('\n');
    await report(
      'nodes',
      measured('NodeMetrics', node.replace('node/', ''), { usage: usage('250m', '512Mi') }),
    );
    expect(await kubectl.ok('top nodes --no-headers')).toMatch(/ 250m +\d+% +512Mi +\d+%/);
    const containers = [{ name: 'main', usage: usage('125m', '64Mi') }];
    await report(`namespaces/${ns}/pods`, measured('PodMetrics', 'web', { containers }));
    expect(await kubectl.ok('top pods --no-headers')).toMatch(/^web +125m +64Mi/);
  });

  test('is what the autoscaler scales by, whoever serves it', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.ok('create deployment web --image=nginx');
    await kubectl.ok('set resources deployment web --requests=cpu=100m');
    await kubectl.ok('rollout status deployment web --timeout=60s');
    const pods = (await kubectl.json('get pods -l app=web')).items;
    const name = pods.find((pod: any) => !pod.metadata.deletionTimestamp).metadata.name;
    const containers = [{ name: 'nginx', usage: usage('300m', '64Mi') }];
    // A pod that has just started counts once it has been measured for as long as that takes.
    const timestamp = new Date().toISOString().replace(/\.\d+/, '');
    const all = { containers, timestamp, window: '0s' };
    await report(`namespaces/${ns}/pods`, measured('PodMetrics', name, all));
    await kubectl.ok('autoscale deployment web --min=1 --max=3 --cpu=100%');
    await kubectl.ok(['wait', 'deployment/web', '--for=jsonpath={.spec.replicas}=3', '--timeout=120s']);
  });

  test('is built in, and answers where nobody else does', async () => {
    await cluster.kubectl.ok('delete apiservice v1beta1.metrics.k8s.io');
    const { kubectl } = await cluster.namespace();
    const containers = ['a', 'b'].map((name) => ({ name, image: 'nginx' }));
    const annotations = {
      'simulated.k8ts.dev/cpu.a': '250m',
      'simulated.k8ts.dev/cpu.b': '2',
      'simulated.k8ts.dev/memory': '64Mi',
    };
    const metadata = { name: 'web', labels: { app: 'web' }, annotations };
    await kubectl.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
    const used = await eventually(() => kubectl.ok('top pods -l app=web --containers --no-headers'));
    expect(used).toMatch(/^web +a +2[2345]\dm +64Mi/m);
    expect(used).toMatch(/^web +b +(2000|1[89]\d\d)m +64Mi/m);
    expect(await kubectl.ok('top nodes --no-headers')).toMatch(/^node-1 +\d+m +\d+% /);
  });
});
