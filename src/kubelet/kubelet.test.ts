import { describe, expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import { csinodes, leases, nodes, pods } from '../api/generated/resources.ts';
import { simulatedIntervals } from './node/simulated-host.ts';
import { container, TestNode } from './testing/test-node.ts';

async function started(): Promise<TestNode> {
  const node = new TestNode();
  await node.start();
  return node;
}

describe('the kubelet', () => {
  test('registers its node, ready, and renews its lease', async () => {
    const node = await started();
    await node.until(() => node.api.get(leases, 'kube-node-lease', 'n1') !== undefined);
    const found = node.api.get(nodes, '', 'n1');
    expect(found?.metadata.labels).toMatchObject({
      'kubernetes.io/hostname': 'n1',
      'kubernetes.io/os': 'linux',
    });
    expect(found?.status?.conditions?.find((c) => c.type === 'Ready')).toMatchObject({ status: 'True' });
    expect(found?.status?.capacity).toMatchObject({ cpu: '4', memory: '8Gi', pods: '110' });
    expect(found?.status?.declaredFeatures).toEqual([
      'ExtendWebSocketsToKubelet',
      'InPlacePodLevelResourcesVerticalScaling',
      'InPlacePodVerticalScalingInitContainers',
      'RestartAllContainersOnContainerExits',
    ]);
    const first = node.api.get(leases, 'kube-node-lease', 'n1')?.spec?.renewTime;
    await node.clock.advance(11_000);
    expect(node.api.get(leases, 'kube-node-lease', 'n1')?.spec?.renewTime).not.toBe(first);
    await node.stop();
  });

  test('makes a CSINode that goes with its node', async () => {
    const node = await started();
    const { uid } = node.api.get(nodes, '', 'n1')?.metadata ?? {};
    const own = { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid }] };
    await node.until(() => node.api.get(csinodes, '', 'n1') !== undefined);
    expect(node.api.get(csinodes, '', 'n1')).toMatchObject({ metadata: own, spec: { drivers: [] } });
    expect(node.api.get(csinodes, '', 'n1')?.metadata.annotations).toEqual({
      'storage.alpha.kubernetes.io/migrated-plugins':
        'kubernetes.io/aws-ebs,kubernetes.io/azure-disk,kubernetes.io/azure-file,kubernetes.io/cinder,' +
        'kubernetes.io/gce-pd,kubernetes.io/portworx-volume,kubernetes.io/vsphere-volume',
    });
    await node.stop();
  });

  test('makes the CSINode its own that a Node before it had', async () => {
    const node = new TestNode();
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'before' }];
    node.api.add(csinodes, { metadata: { name: 'n1', ownerReferences }, spec: { drivers: [] } });
    await node.start();
    const { uid } = node.api.get(nodes, '', 'n1')?.metadata ?? {};
    await node.until(() => node.api.get(csinodes, '', 'n1')?.metadata.ownerReferences?.[0]?.uid === uid);
    await node.stop();
  });

  test('is ready as soon as its pods have addresses, however seldom it is looked at', async () => {
    const node = new TestNode({}, { podCidrs: [], intervals: simulatedIntervals });
    const isReady = () =>
      node.api.get(nodes, '', 'n1')?.status?.conditions?.find((c) => c.type === 'Ready')?.status === 'True';
    await node.start();
    await node.clock.advance(1000);
    expect(isReady()).toBe(false);
    const found = node.api.get(nodes, '', 'n1') as Node;
    node.api.change(nodes, { ...found, spec: { podCIDR: '10.244.7.0/24', podCIDRs: ['10.244.7.0/24'] } });
    await node.clock.advance(100);
    expect(isReady()).toBe(true);
    await node.stop();
  });

  test('whose Node was deleted makes another when it starts, as upstream, and none before', async () => {
    const node = await started();
    await node.until(() => node.api.get(leases, 'kube-node-lease', 'n1') !== undefined);
    node.api.remove(nodes, '', 'n1');
    node.api.remove(leases, 'kube-node-lease', 'n1');
    await node.clock.advance(600_000);
    expect(node.api.get(nodes, '', 'n1')).toBeUndefined();
    expect(node.api.get(leases, 'kube-node-lease', 'n1')).toBeUndefined();
    await node.stop();
    await node.start();
    await node.until(() => node.api.get(leases, 'kube-node-lease', 'n1') !== undefined);
    await node.stop();
  });

  test('runs a pod and says so', async () => {
    const node = await started();
    node.create('web', {});
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    const status = node.pod('web')?.status;
    expect(status).toMatchObject({ hostIP: '192.0.2.1', qosClass: 'BestEffort' });
    expect(status?.podIP).toMatch(/^10\.244\.1\./);
    expect(status?.conditions?.map((c) => `${c.type}=${c.status}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0 });
    expect(status?.containerStatuses?.[0]?.containerID).toMatch(/^simulated:\/\//);
    expect(node.told('web').map((line) => line.split(' in ')[0])).toEqual([
      'Pulling: Pulling image "registry.example/c:1"',
      'Pulled: Successfully pulled image "registry.example/c:1"',
      'Created: Container created',
      'Started: Container started',
    ]);
    await node.stop();
  });

  test('ends a deleted pod with grace and then lets the API forget it', async () => {
    const node = await started();
    node.create('web', {}, { 'simulated.k8ts.dev/stop-after': '5s' });
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    node.api.remove(pods, 'default', 'web');
    await node.clock.advance(4000);
    expect(node.pod('web')).toBeDefined();
    await node.until(() => node.pod('web') === undefined);
    expect(node.told('web').at(-1)).toBe('Killing: Stopping container c');
    await node.until(() => node.api.list(pods).length === 0);
    await node.clock.advance(60_000);
    expect(await node.runtime.containers.list()).toEqual([]);
    expect(await node.runtime.sandboxes.list()).toEqual([]);
    expect(await node.files.list('/kubelet/pods')).toEqual([]);
    await node.stop();
  });

  test('a pod whose containers end well has succeeded', async () => {
    const node = await started();
    node.create('job', { restartPolicy: 'Never' }, { 'simulated.k8ts.dev/exit-after': '3s' });
    await node.until(() => node.pod('job')?.status?.phase === 'Succeeded');
    expect(node.pod('job')?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
    });
    await node.stop();
  });

  test('a container that fails again and again waits longer each time', async () => {
    const node = await started();
    const annotations = { 'simulated.k8ts.dev/exit-after': '1s', 'simulated.k8ts.dev/exit-code': '3' };
    node.create('bad', { restartPolicy: 'Always' }, annotations);
    const status = () => node.pod('bad')?.status?.containerStatuses?.[0];
    await node.until(() => status()?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect(status()?.state?.waiting?.message).toBe(
      'back-off 10s restarting failed container=c pod=bad_default(uid-bad)',
    );
    expect(status()?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(node.pod('bad')?.status?.phase).toBe('Running');
    await node.until(() => status()?.state?.waiting?.message?.startsWith('back-off 40s') ?? false);
    expect(status()?.restartCount).toBe(3);
    await node.stop();
  });

  test('a container that fails its liveness probe again and again waits longer each time, too', async () => {
    const node = await started();
    const livenessProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 2 };
    node.create('sick', {
      containers: [container('c', { livenessProbe })],
      terminationGracePeriodSeconds: 1,
    });
    const status = () => node.pod('sick')?.status?.containerStatuses?.[0];
    await node.until(() => status()?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect(status()?.state?.waiting?.message).toBe(
      'back-off 10s restarting failed container=c pod=sick_default(uid-sick)',
    );
    expect(status()?.restartCount).toBe(2);
    await node.clock.advance(60_000);
    expect(status()?.restartCount).toBe(4);
    await node.stop();
  });

  test('of a container that fails again and again the log of the last run is kept, and those before go with it', async () => {
    const node = await started();
    const annotations = { 'simulated.k8ts.dev/exit-after': '1s', 'simulated.k8ts.dev/logs': 'words' };
    const { uid } = node.create('web', {}, annotations).metadata;
    const logs = `/logs/default_web_${uid}/c`;
    const restarts = () => node.pod('web')?.status?.containerStatuses?.[0]?.restartCount ?? 0;
    await node.until(() => restarts() === 1);
    await node.files.write(`${logs}/0.log.20261130-120000.gz`, 'packed');
    await node.until(() => restarts() === 4);
    await node.clock.advance(31_000);
    expect(await node.files.list(logs)).toEqual(['4.log']);
    await node.stop();
  });

  test('log agents find the logs of containers by their names, and none of those that are gone', async () => {
    const node = await started();
    const annotations = { 'simulated.k8ts.dev/logs': 'words' };
    const { uid } = node.create('web', {}, annotations).metadata;
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    const id = node.pod('web')?.status?.containerStatuses?.[0]?.containerID?.split('//')[1];
    const link = `web_default_c-${id}.log`;
    expect(await node.files.list('/links')).toEqual([link]);
    expect(await node.files.readLink(`/links/${link}`)).toBe(`/logs/default_web_${uid}/c/0.log`);
    expect(await node.files.readText(`/links/${link}`)).toContain('stdout F words');
    node.api.remove(pods, 'default', 'web', 1);
    await node.until(() => !node.pod('web'));
    await node.clock.advance(31_000);
    expect(await node.files.list('/links')).toEqual([]);
    await node.stop();
  });

  test('init containers come first, one after the other; a sidecar stays', async () => {
    const node = await started();
    const initContainers = [
      container('one'),
      container('side', { restartPolicy: 'Always' }),
      container('two'),
    ];
    const annotations = {
      'simulated.k8ts.dev/exit-after.one': '2s',
      'simulated.k8ts.dev/exit-after.two': '2s',
    };
    node.create('web', { initContainers }, annotations);
    await node.until(() => node.pod('web')?.status?.initContainerStatuses?.[0]?.state?.running !== undefined);
    expect(node.pod('web')?.status?.phase).toBe('Pending');
    expect(node.pod('web')?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    const [one, side, two] = node.pod('web')?.status?.initContainerStatuses ?? [];
    expect(one?.state?.terminated?.exitCode).toBe(0);
    expect(side?.state?.running).toBeDefined();
    expect(two?.ready).toBe(true);
    await node.stop();
  });

  test('a restarted kubelet adopts what runs', async () => {
    const node = await started();
    node.create('web', {});
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    const before = node.pod('web')?.status?.containerStatuses?.[0]?.containerID;
    await node.stop();
    await node.start();
    await node.clock.advance(60_000);
    expect(node.pod('web')?.status?.containerStatuses?.[0]).toMatchObject({
      containerID: before,
      restartCount: 0,
    });
    await node.stop();
  });

  test('what ran of a pod that vanished while the kubelet was away is ended', async () => {
    const node = await started();
    node.create('web', {});
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    await node.stop();
    node.api.remove(pods, 'default', 'web', 0);
    await node.start();
    await node.clock.advance(60_000);
    expect(await node.runtime.containers.list()).toEqual([]);
    await node.stop();
  });
});
