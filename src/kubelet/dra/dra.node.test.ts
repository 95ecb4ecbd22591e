import { mkdirSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pods, resourceclaims, resourceslices } from '../../api/generated/resources.ts';
import { systemClock } from '../../platform/clock.ts';
import { HealthStatus } from '../plugins/generated/drahealth/v1alpha1/drahealth_pb.js';
import { PodResourcesLister } from '../plugins/generated/podresources/v1/podresources_pb.js';
import { pluginChannel } from '../plugins/plugin-channel.ts';
import { whyNoContainers } from '../runtimes/containerd/test-node.ts';
import { TestDraDriver } from '../testing/test-dra-driver.ts';
import { RealNode, shell } from '../testing/test-real-node.ts';

const why = whyNoContainers();
const driver = 'test.dra.example';

describe.skipIf(why)(`claims to devices on containerd${why ? ` (skipped: ${why})` : ''}`, () => {
  let node: RealNode;
  let running: TestDraDriver | undefined;
  beforeAll(async () => {
    node = await RealNode.create();
  });
  afterAll(async () => {
    running?.stop();
    await node?.remove();
  });

  /** A claim of two pods with a device, and the file that says what containers get of it. */
  function addClaim(name: string, users: string[]): void {
    node.api.add(resourceclaims, {
      metadata: { name, namespace: 'default' },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd' } }] } },
      status: {
        allocation: { devices: { results: [{ request: 'r', driver, pool: 'n1', device: 'gpu-0' }] } },
        reservedFor: users.map((user) => ({ resource: 'pods', name: user, uid: `uid-${user}` })),
      },
    });
    const edits = {
      env: [`GPU=${name}`],
      deviceNodes: [{ path: '/dev/gpu', hostPath: '/dev/zero' }],
      mounts: [{ hostPath: `${node.directory}/cdi`, containerPath: '/opt/cdi', options: ['ro', 'rbind'] }],
    };
    const spec = { cdiVersion: '0.6.0', kind: `${driver}/gpu`, devices: [{ name, containerEdits: edits }] };
    mkdirSync(`${node.directory}/cdi`, { recursive: true });
    writeFileSync(`${node.directory}/cdi/${name}.json`, JSON.stringify(spec));
  }

  const user = (claim: string) => ({
    resourceClaims: [{ name: 'gpu', resourceClaimName: claim }],
    containers: [
      shell('c', 'sleep 1000', { resources: { claims: [{ name: 'gpu' }] } }),
      shell('without', 'sleep 1000'),
    ],
  });

  /** In this process, beside the node's namespaces: sockets are files, which they share. */
  const startDriver = () =>
    TestDraDriver.start({
      dir: `${node.directory}/driver`,
      registry: `${node.directory}/kubelet/plugins_registry`,
      name: driver,
      health: true,
    });

  test('reach the containers that name them, over a start of the kubelet, and are taken back after their pods', async () => {
    addClaim('a', ['first', 'second']);
    addClaim('b', ['short']);
    node.create('first', user('a'));
    const waits = `Failed to prepare dynamic resources: prepare dynamic resources: DRA driver ${driver} is not registered`;
    await node.until(() => node.told('first').includes(`FailedPrepareDynamicResources: ${waits}`));
    expect(node.pod('first')?.status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }, {}],
    });
    running = await startDriver();
    await node.phase('first', 'Running');
    expect(await node.run('first', 'c', 'sh', '-c', 'echo $GPU; ls /opt/cdi')).toBe('a\na.json\nb.json\n');
    expect(await node.run('first', 'c', 'sh', '-c', 'head -c 2 /dev/gpu | od -An -tx1')).toBe(' 00 00\n');
    expect(await node.run('first', 'without', 'sh', '-c', 'echo "<$GPU>"; ls -d /dev/gpu')).toContain('<>\n');
    const saysHealth = (health: string, more: object = {}) =>
      node.until(() => {
        const [status] = node.pod('first')?.status?.containerStatuses ?? [];
        const resources = [{ resourceID: `${driver}/gpu=a`, health, ...more }];
        return isDeepStrictEqual(status?.allocatedResourcesStatus, [{ name: 'claim:gpu', resources }]);
      });
    await saysHealth('Unknown');
    const device = { poolName: 'n1', deviceName: 'gpu-0' };
    running.tell([{ device, health: HealthStatus.UNHEALTHY, message: 'too hot' }]);
    await saysHealth('Unhealthy', { message: 'too hot' });
    const agent = pluginChannel(`${node.directory}/kubelet/pod-resources/kubelet.sock`, systemClock);
    const { podResources } = await agent.call(PodResourcesLister.method.list, {}, { timeoutMs: 10_000 });
    agent.close();
    const claimResources = [{ driverName: driver, poolName: 'n1', deviceName: 'gpu-0' }];
    expect(podResources[0]?.containers).toMatchObject([
      { name: 'c', dynamicResources: [{ claimName: 'a', claimNamespace: 'default', claimResources }] },
      { name: 'without', dynamicResources: [] },
    ]);

    node.create('short', {
      ...user('b'),
      restartPolicy: 'Never',
      containers: [shell('c', 'true', { resources: { claims: [{ name: 'gpu' }] } })],
    });
    await node.phase('short', 'Succeeded');
    // It is not told to be over before.
    expect(running.asked).toEqual(['prepare a', 'prepare b', 'unprepare b']);

    await node.stopKubelet();
    node.api.add(resourceslices, {
      metadata: { name: 'of-the-driver' },
      spec: { driver, nodeName: 'n1', pool: { name: 'n1', generation: 1, resourceSliceCount: 1 } },
    });
    await node.startKubelet();
    await node.until(() => node.api.list(resourceslices).length === 0);
    node.create('second', user('a'));
    await node.phase('second', 'Running');
    node.api.remove(pods, 'default', 'first');
    await node.until(() => !node.pod('first'));
    expect(running.asked.slice(3)).toEqual(['prepare a']);
    await node.stopKubelet();
    node.api.remove(pods, 'default', 'second', 0);
    await node.startKubelet();
    await node.until(() => running?.asked.at(-1) === 'unprepare a');
  });
});
