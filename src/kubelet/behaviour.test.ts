import { describe, expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import {
  configmaps,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  secrets,
} from '../api/generated/resources.ts';
import { container, TestNode } from './testing/test-node.ts';

/** Runs a story on a fresh node. */
async function on(story: (node: TestNode) => Promise<void>, node = new TestNode()): Promise<void> {
  await node.start();
  await story(node);
  await node.stop();
}

const status = (node: TestNode, name: string, at = 0) => node.pod(name)?.status?.containerStatuses?.[at];
const waiting = (node: TestNode, name: string) => status(node, name)?.state?.waiting;
const hourMs = 3_600_000;
const running = (node: TestNode, name: string) =>
  node.until(() => node.pod(name)?.status?.phase === 'Running');
const simulated = (annotations: Record<string, string>) =>
  Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`simulated.k8ts.dev/${key}`, value]));

describe('a pod that lacks something', () => {
  test('waits for its config map, and starts when it comes', () =>
    on(async (node) => {
      const volumes = [{ name: 'v', configMap: { name: 'late' } }];
      node.create('web', {
        volumes,
        containers: [container('c', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
      });
      await node.until(() => node.told('web').some((line) => line.startsWith('FailedMount')));
      expect(node.told('web')[0]).toBe(
        'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "late" not found',
      );
      expect(waiting(node, 'web')?.reason).toBe('ContainerCreating');
      node.api.add(configmaps, { metadata: { name: 'late', namespace: 'default' }, data: { a: 'b' } });
      await running(node, 'web');
      expect(await node.files.readText('/kubelet/pods/uid-web/volumes/kubernetes.io~configmap/v/a')).toBe(
        'b',
      );
      node.api.change(configmaps, { metadata: { name: 'late', namespace: 'default' }, data: { a: 'c' } });
      const path = '/kubelet/pods/uid-web/volumes/kubernetes.io~configmap/v/a';
      let text = '';
      for (let i = 0; i < 50 && text !== 'c'; i++) {
        await node.clock.advance(100);
        text = await node.files.readText(path);
      }
      expect(text).toBe('c');
    }));

  test('says that a variable has no source', () =>
    on(async (node) => {
      const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
      node.create('web', { containers: [container('c', { env })] });
      await node.until(() => waiting(node, 'web')?.reason === 'CreateContainerConfigError');
      expect(waiting(node, 'web')?.message).toBe('secret "s" not found');
      expect(node.told('web')).toContain('Failed: Error: secret "s" not found');
      node.api.add(secrets, { metadata: { name: 's', namespace: 'default' }, data: { k: 'eA==' } });
      await running(node, 'web');
    }));

  test('waits longer and longer for an image that cannot be pulled', () =>
    on(async (node) => {
      node.create('web', {}, simulated({ 'pull-error': 'no such image' }));
      await node.until(() => waiting(node, 'web')?.reason === 'ErrImagePull');
      expect(waiting(node, 'web')?.message).toBe('no such image');
      await node.until(() => waiting(node, 'web')?.reason === 'ImagePullBackOff');
      expect(waiting(node, 'web')?.message).toBe(
        'Back-off pulling image "registry.example/c:1": ErrImagePull: no such image',
      );
      expect(node.told('web')).toContain(
        'Failed: Failed to pull image "registry.example/c:1": no such image',
      );
      expect(node.told('web')).toContain('Failed: Error: ErrImagePull');
    }));

  test('waits no longer for an image although the clock has been set back', () =>
    on(async (node) => {
      node.create('web', {}, simulated({ 'pull-error': 'no such image' }));
      await node.until(() => waiting(node, 'web')?.reason === 'ImagePullBackOff');
      node.clock.shiftWall(-5 * hourMs);
      await node.until(() => waiting(node, 'web')?.reason === 'ErrImagePull');
    }));

  test.each([
    ['Bad Name', undefined, 'InvalidImageName'],
    ['registry.example/none:1', 'Never', 'ErrImageNeverPull'],
  ])('image %j with policy %s: %s', (image, imagePullPolicy, reason) =>
    on(async (node) => {
      node.create('web', { containers: [container('c', { image, imagePullPolicy })] });
      await node.until(() => waiting(node, 'web')?.reason === reason);
    }),
  );

  test('is told that its container does not start', () =>
    on(async (node) => {
      node.create('web', {}, simulated({ 'start-error': 'no such program' }));
      await node.until(() => waiting(node, 'web')?.reason === 'RunContainerError');
      expect(waiting(node, 'web')?.message).toBe('no such program');
      expect(status(node, 'web')?.lastState?.terminated).toMatchObject({
        exitCode: 128,
        reason: 'StartError',
      });
    }));
});

describe('a volume made for a claim', () => {
  test.each([
    ['is for whoever the pod runs as', { 'pv.kubernetes.io/provisioned-by': 'k8ts.dev/local' }, 0o777],
    ['by hand is of the mode of any folder', {}, 0o755],
  ])('%s', (_, annotations, mode) =>
    on(async (node) => {
      const hostPath = { path: '/volumes/v', type: 'DirectoryOrCreate' };
      node.api.add(persistentvolumeclaims, {
        metadata: { name: 'data', namespace: 'default', uid: 'claim' },
        spec: { volumeName: 'v' },
        status: { phase: 'Bound' },
      });
      node.api.add(persistentvolumes, {
        metadata: { name: 'v', annotations },
        spec: { hostPath, claimRef: { namespace: 'default', name: 'data', uid: 'claim' } },
      });
      node.create('web', {
        containers: [container('c', { volumeMounts: [{ name: 'd', mountPath: '/data' }] })],
        volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
      });
      await node.until(() => node.pod('web')?.status?.phase === 'Running');
      expect((await node.files.stat('/volumes/v'))?.mode).toBe(mode);
    }),
  );
});

describe('a pod that the node does not take', () => {
  test('has failed, and says why; once deleted it is gone', () =>
    on(async (node) => {
      node.create('big', { containers: [container('c', { resources: { requests: { cpu: '64' } } })] });
      await node.until(() => node.pod('big')?.status?.phase === 'Failed');
      expect(node.pod('big')?.status).toMatchObject({
        reason: 'OutOfcpu',
        message:
          "Pod was rejected: Node didn't have enough resource: cpu, requested: 64000, used: 0, capacity: 4000",
      });
      node.api.remove(pods, 'default', 'big');
      await node.until(() => node.pod('big') === undefined);
    }));
});

describe('the end of a pod', () => {
  test('comes when its time is up', () =>
    on(async (node) => {
      node.create('slow', { activeDeadlineSeconds: 30 }, simulated({ 'stop-after': '5s' }));
      await running(node, 'slow');
      await node.until(() => node.pod('slow')?.status?.phase === 'Failed');
      expect(node.pod('slow')?.status?.reason).toBe('DeadlineExceeded');
      // Not while it is being stopped.
      expect(status(node, 'slow')?.state?.terminated).toBeDefined();
      expect(node.told('slow').filter((text) => text.startsWith('DeadlineExceeded'))).toEqual([
        'DeadlineExceeded: Pod was active on the node longer than the specified deadline',
      ]);
    }));

  test('comes sooner when it is deleted again with less grace', () =>
    on(async (node) => {
      node.create('web', { terminationGracePeriodSeconds: 600 }, simulated({ 'stop-after': '1h' }));
      await running(node, 'web');
      node.api.remove(pods, 'default', 'web');
      await node.clock.advance(5000);
      expect(status(node, 'web')?.state?.running).toBeDefined();
      node.api.remove(pods, 'default', 'web', 3);
      const before = node.clock.now();
      await node.until(() => node.pod('web') === undefined);
      expect(node.clock.now() - before).toBeLessThan(10_000);
    }));

  test('comes even if the API has already forgotten it', () =>
    on(async (node) => {
      node.create('web', {}, simulated({ 'stop-after': '1h' }));
      await running(node, 'web');
      node.api.remove(pods, 'default', 'web', 0);
      await node.clock.advance(60_000);
      expect(await node.runtime.containers.list()).toEqual([]);
    }));

  test('before it has begun is quick', () =>
    on(async (node) => {
      node.create('web', {}, simulated({ 'pull-error': 'no' }));
      await node.until(() => waiting(node, 'web') !== undefined);
      node.api.remove(pods, 'default', 'web');
      await node.until(() => node.pod('web') === undefined);
    }));

  test('leaves the sidecar for last', () =>
    on(async (node) => {
      const annotations = simulated({ 'stop-after.c': '5s' });
      node.create('web', { initContainers: [container('side', { restartPolicy: 'Always' })] }, annotations);
      await running(node, 'web');
      node.api.remove(pods, 'default', 'web');
      await node.clock.advance(3000);
      expect(
        (await node.runtime.containers.list({ state: 'running' })).map((c) => c.container.name).sort(),
      ).toEqual(['c', 'side']);
      await node.until(() => node.pod('web') === undefined);
      const ended = await node.runtime.containers.list();
      expect(ended.every((c) => c.state === 'exited')).toBe(true);
    }));

  test('gives a failing start hook no second chance', () =>
    on(async (node) => {
      const lifecycle = { postStart: { exec: { command: ['fail'] } } };
      node.create(
        'web',
        { containers: [container('c', { lifecycle })] },
        simulated({ 'exec-exit-code': '1' }),
      );
      await node.until(() => waiting(node, 'web')?.reason === 'CrashLoopBackOff');
      expect(node.told('web')).toContain('FailedPostStartHook: PostStartHook failed');
      expect(node.told('web')).toContain('Killing: FailedPostStartHook');
    }));
});

describe('a clock that is set back by hours', () => {
  test('does not hold up containers that have failed before', () =>
    on(async (node) => {
      node.create('bad', { restartPolicy: 'Always' }, simulated({ 'exit-after': '1s', 'exit-code': '3' }));
      await node.until(() => waiting(node, 'bad')?.reason === 'CrashLoopBackOff');
      const { restartCount = 0 } = status(node, 'bad') ?? {};
      node.clock.shiftWall(-5 * hourMs);
      await node.until(() => (status(node, 'bad')?.restartCount ?? 0) > restartCount);
      await node.until(() => waiting(node, 'bad')?.reason === 'CrashLoopBackOff');
    }));

  test('does not hold up the probes of containers that ran before the kubelet starts again', () =>
    on(async (node) => {
      const readinessProbe = { exec: { command: ['true'] }, initialDelaySeconds: 5, periodSeconds: 1 };
      node.create('web', { containers: [container('c', { readinessProbe })] });
      await running(node, 'web');
      await node.stop();
      node.clock.shiftWall(-5 * hourMs);
      await node.start();
      await node.until(() => status(node, 'web')?.ready === true);
    }));
});

test('a pod that has lost its sandbox gets another, and everything starts over', () =>
  on(async (node) => {
    const annotations = simulated({ 'exit-after.init': '1s' });
    node.create('web', { initContainers: [container('init')] }, annotations);
    await running(node, 'web');
    const [sandbox] = await node.runtime.sandboxes.list({ state: 'ready' });
    await node.runtime.sandboxes.stop(sandbox?.id as string);
    await node.until(() => status(node, 'web')?.restartCount === 1 && status(node, 'web')?.ready === true);
    expect(node.told('web')).toContain(
      'SandboxChanged: Pod sandbox changed, it will be killed and re-created.',
    );
    expect(node.pod('web')?.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
  }));

test('a pod starts over as a whole, in its sandbox, when a container ends as its rules say', () =>
  on(async (node) => {
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
    const hook = { preStop: { exec: { command: ['slow'] } } };
    const annotations = {
      ...simulated({ 'exit-after.init': '1s', 'exit-after.cause': '60s', 'exit-code.cause': '42,0' }),
      ...simulated({ 'exit-after.done': '2s', 'stop-after.c': '1h' }),
    };
    node.create(
      'web',
      {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 600,
        initContainers: [container('init'), container('side', { restartPolicy: 'Always' })],
        containers: [
          container('cause', { restartPolicy: 'Never', restartPolicyRules: rules }),
          container('c', { lifecycle: hook }),
          container('done'),
        ],
      },
      annotations,
    );
    const restarting = () =>
      node.pod('web')?.status?.conditions?.find((c) => c.type === 'AllContainersRestarting')?.status;
    await running(node, 'web');
    expect(restarting()).toBe('False');
    const { podIP } = node.pod('web')?.status ?? {};
    const begunMs = node.clock.now();
    await node.until(
      () => status(node, 'web', 1)?.restartCount === 1 && status(node, 'web', 1)?.ready === true,
    );
    expect(node.clock.now() - begunMs).toBeLessThan(70_000);
    const after = node.pod('web')?.status;
    expect(after).toMatchObject({ phase: 'Running', podIP });
    const all = [...(after?.initContainerStatuses ?? []), ...(after?.containerStatuses ?? [])];
    expect(all.map((s) => [s.name, s.restartCount, s.lastState?.terminated?.reason])).toEqual(
      ['init', 'side', 'cause', 'c', 'done'].map((name) => [name, 1, 'RestartingAllContainers']),
    );
    expect(await node.runtime.sandboxes.list()).toHaveLength(1);
    expect(restarting()).toBe('False');
    const said = node.api.requests.flatMap((r) =>
      r.method === 'PATCH' && r.path.endsWith('/pods/web/status')
        ? ((r.body as Pod).status?.conditions ?? []).filter((c) => c.type === 'AllContainersRestarting')
        : [],
    );
    expect(said.map((c) => c.status)).toEqual(['False', 'True', 'False']);
    await node.until(() => status(node, 'web')?.state?.terminated?.exitCode === 0);
    expect(node.pod('web')?.status?.phase).toBe('Running');
    expect(status(node, 'web')?.restartCount).toBe(1);
  }));

test('a kubelet that comes back goes on with a pod that starts over', () =>
  on(async (node) => {
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
    const cause = container('cause', { restartPolicy: 'Never', restartPolicyRules: rules });
    const annotations = simulated({ 'exit-after.cause': '60s', 'exit-code.cause': '42,0' });
    node.create('web', { restartPolicy: 'Never', containers: [cause, container('c')] }, annotations);
    await running(node, 'web');
    await node.stop();
    await node.clock.advance(60_000);
    const ended = (await node.runtime.containers.list({ state: 'exited' })).map((c) => c.id);
    for (const id of ended) await node.runtime.containers.remove(id);
    const pod = node.pod('web') as Pod;
    const conditions = [{ type: 'AllContainersRestarting', status: 'True' }];
    node.api.change(pods, { ...pod, status: { ...pod.status, conditions } });
    await node.start();
    await node.until(
      () => status(node, 'web', 1)?.restartCount === 1 && status(node, 'web', 1)?.ready === true,
    );
    expect(status(node, 'web')).toMatchObject({ restartCount: 1, ready: true });
  }));

test('an ephemeral container starts in a running pod', () =>
  on(async (node) => {
    node.create('web', {});
    await running(node, 'web');
    const pod = node.pod('web') as Pod;
    const ephemeralContainers = [container('debug')];
    node.api.change(pods, { ...pod, spec: { ...pod.spec, ephemeralContainers } });
    await node.until(
      () => node.pod('web')?.status?.ephemeralContainerStatuses?.[0]?.state?.running !== undefined,
    );
    expect(status(node, 'web')?.restartCount).toBe(0);
  }));

test('labels that change show in the files of a running pod', () =>
  on(async (node) => {
    const volumes = [
      { name: 'v', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    ];
    node.create('web', {
      volumes,
      containers: [container('c', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
    });
    await running(node, 'web');
    const pod = node.pod('web') as Pod;
    node.api.change(pods, { ...pod, metadata: { ...pod.metadata, labels: { new: 'label' } } });
    await node.clock.advance(2000);
    const path = '/kubelet/pods/uid-web/volumes/kubernetes.io~downward-api/v/labels';
    expect(await node.files.readText(path)).toBe('new="label"');
  }));

test('a foreign condition on a pod or node is left alone', () =>
  on(async (node) => {
    node.create('web', { readinessGates: [{ conditionType: 'x/gate' }] });
    await running(node, 'web');
    const ready = () => node.pod('web')?.status?.conditions?.find((c) => c.type === 'Ready')?.status;
    expect(ready()).toBe('False');
    const pod = node.pod('web') as Pod;
    const conditions = [...(pod.status?.conditions ?? []), { type: 'x/gate', status: 'True' }];
    node.api.change(pods, { ...pod, status: { ...pod.status, conditions } });
    await node.until(() => ready() === 'True');
    expect(node.pod('web')?.status?.conditions?.some((c) => c.type === 'x/gate')).toBe(true);
    const self = node.api.get(nodes, '', 'n1');
    const foreign = { type: 'NetworkUnavailable', status: 'False' };
    node.api.change(nodes, {
      ...self,
      status: { ...self?.status, conditions: [...(self?.status?.conditions ?? []), foreign] },
    } as never);
    await node.clock.advance(400_000);
    expect(
      node.api.get(nodes, '', 'n1')?.status?.conditions?.some((c) => c.type === 'NetworkUnavailable'),
    ).toBe(true);
  }));

test('an idle node with a running pod writes nothing but its heartbeats', () =>
  on(async (node) => {
    node.create('web', {});
    await running(node, 'web');
    await node.clock.advance(60_000);
    const writes = () =>
      node.api.requests.filter((r) => r.method !== 'GET' && !r.path.includes('/leases/')).length;
    const before = writes();
    await node.clock.advance(200_000);
    expect(writes() - before).toBeLessThanOrEqual(1);
  }));
