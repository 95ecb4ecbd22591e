import { expect, test } from 'vitest';
import { events, pods } from '../../api/generated/resources.ts';
import { TestNode } from '../testing/test-node.ts';
import { manifestTrouble, staticPod } from './static-pod.ts';

const manifest = (image: string) => `
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: c
      image: ${image}
`;

async function nodeWith(image: string): Promise<TestNode> {
  const node = new TestNode();
  await node.files.makeDir('/manifests');
  await node.files.write('/manifests/web.yaml', manifest(image));
  await node.start();
  return node;
}

const mirror = (node: TestNode) => node.pod('web-n1');

test('a manifest in the folder runs, and the API shows it', async () => {
  const node = await nodeWith('registry.example/a:1');
  await node.until(() => mirror(node)?.status?.phase === 'Running');
  const annotations = mirror(node)?.metadata.annotations ?? {};
  expect(annotations['kubernetes.io/config.source']).toBe('file');
  expect(annotations['kubernetes.io/config.mirror']).toBe(annotations['kubernetes.io/config.hash']);
  expect(mirror(node)?.status?.containerStatuses?.[0]).toMatchObject({ ready: true });
  await node.stop();
});

test('a mirror that somebody deletes comes back; the pod itself goes on', async () => {
  const node = await nodeWith('registry.example/a:1');
  await node.until(() => mirror(node)?.status?.phase === 'Running');
  const before = mirror(node)?.status?.containerStatuses?.[0]?.containerID;
  node.api.remove(pods, 'default', 'web-n1');
  await node.clock.advance(10_000);
  await node.until(
    () => mirror(node)?.status?.phase === 'Running' && !mirror(node)?.metadata.deletionTimestamp,
  );
  expect(mirror(node)?.status?.containerStatuses?.[0]?.containerID).toBe(before);
  await node.stop();
});

test('a changed manifest replaces the pod, a removed one ends it', async () => {
  const node = await nodeWith('registry.example/a:1');
  await node.until(() => mirror(node)?.status?.phase === 'Running');
  const first = mirror(node)?.metadata.annotations?.['kubernetes.io/config.hash'];
  await node.files.write('/manifests/web.yaml', manifest('registry.example/b:1'));
  await node.until(() => {
    const now = mirror(node);
    return (
      now?.metadata.annotations?.['kubernetes.io/config.hash'] !== first && now?.status?.phase === 'Running'
    );
  });
  expect((await node.runtime.containers.list({ state: 'running' })).map((c) => c.image)).toEqual([
    'registry.example/b:1',
  ]);
  await node.files.remove('/manifests/web.yaml');
  await node.until(() => mirror(node) === undefined);
  await node.clock.advance(60_000);
  expect(await node.runtime.containers.list()).toEqual([]);
  await node.stop();
});

test('a manifest that is broken leaves the pod alone that stood there', async () => {
  const node = await nodeWith('registry.example/a:1');
  await node.until(() => mirror(node)?.status?.phase === 'Running');
  await node.files.write('/manifests/web.yaml', 'apiVersion: v1\nkind: Pod\nspec: {');
  await node.clock.advance(30_000);
  expect(mirror(node)?.status?.phase).toBe('Running');
  await node.stop();
});

test('a pod that the node does not take in is turned away once, until its manifest changes or comes again', async () => {
  const node = new TestNode();
  await node.files.makeDir('/manifests');
  const asking = (os: string) =>
    node.files.write(
      '/manifests/web.yaml',
      `${manifest('registry.example/a:1')}  nodeSelector: { kubernetes.io/os: ${os} }\n`,
    );
  await asking('plan9');
  await node.start();
  const told = () => node.api.list(events).filter(({ reason }) => reason === 'NodeAffinity');
  const rejections = () => told().reduce((sum, { count = 1 }) => sum + count, 0);
  await node.until(() => mirror(node)?.status?.phase === 'Failed');
  expect(mirror(node)?.status).toMatchObject({ reason: 'NodeAffinity' });
  const { startTime } = mirror(node)?.status ?? {};
  await node.clock.advance(60_000);
  expect(rejections()).toBe(1);
  expect(mirror(node)?.status?.startTime).toBe(startTime);

  // A mirror that is made anew says so too.
  const { resourceVersion } = mirror(node)?.metadata ?? {};
  node.api.remove(pods, 'default', 'web-n1', 0);
  await node.until(() => mirror(node)?.status?.phase === 'Failed');
  expect(mirror(node)?.metadata.resourceVersion).not.toBe(resourceVersion);
  expect(rejections()).toBe(1);

  await node.files.remove('/manifests/web.yaml');
  await node.until(() => mirror(node) === undefined);
  await asking('plan9');
  await node.until(() => mirror(node)?.status?.phase === 'Failed');
  await node.clock.advance(60_000);
  expect(rejections()).toBe(2);

  await asking('linux');
  await node.until(() => mirror(node)?.status?.phase === 'Running');
  await node.stop();
});

test.each([
  [undefined, 'it holds no object'],
  [{ apiVersion: 'apps/v1', kind: 'Deployment' }, 'it holds apps/v1 Deployment, not v1 Pod'],
  [{ apiVersion: 'v1', kind: 'Pod', metadata: {} }, 'the pod has no name'],
  [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: {} }, 'the pod has no containers'],
])('%j is no static pod', (value, why) => {
  expect(manifestTrouble(value)).toBe(why);
});

const ref = { name: 'x', key: 'k' };
test.each([
  [{ serviceAccountName: 'x' }, 'serviceaccounts'],
  [{ imagePullSecrets: [{ name: 'x' }] }, 'secrets'],
  [{ containers: [{ name: 'c', env: [{ name: 'A', valueFrom: { secretKeyRef: ref } }] }] }, 'secrets'],
  [{ containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'x' } }] }] }, 'configmaps'],
  [{ volumes: [{ name: 'v', secret: { secretName: 'x' } }] }, 'secrets'],
  [{ volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'x' } }] } }] }, 'configmaps'],
  [{ resourceClaims: [{ name: 'r', resourceClaimName: 'x' }] }, 'resourceclaims'],
  [{ volumes: [{ name: 'v', csi: { driver: 'x' } }] }, 'csidrivers (via CSI volumes)'],
  [{ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'x' } }] }, 'persistentvolumeclaims'],
  [{ volumes: [{ name: 'v', ephemeral: {} }] }, 'persistentvolumeclaims (via ephemeral volumes)'],
  [
    { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
    'serviceaccounts (via projected volumes)',
  ],
  [
    { volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 't' } }] } }] },
    'clustertrustbundles',
  ],
])('a static pod may not have %j', (spec, what) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };
  const containers = [{ name: 'c' }];
  const local = [
    { name: 'h', hostPath: { path: '/etc' } },
    { name: 'e', emptyDir: {} },
  ];
  expect(manifestTrouble({ ...pod, spec: { containers, volumes: local } })).toBeUndefined();
  expect(manifestTrouble({ ...pod, spec: { containers, ...spec } })).toBe(
    `static pods may not reference ${what}`,
  );
});

test('the same manifest is the same pod, another is another', () => {
  const of = (image: string) =>
    staticPod({ metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image }] } }, 'n1', 'now').metadata
      .uid;
  expect(of('a')).toBe(of('a'));
  expect(of('a')).not.toBe(of('b'));
});

test('what a manifest limits it asks for, as the API server has it', () => {
  const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } };
  const { spec } = staticPod(
    { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i', resources }] } },
    'n1',
    'now',
  );
  expect(spec.containers[0]?.resources?.requests).toEqual({ cpu: '500m', memory: '1Gi' });
});
