import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodes, pods } from '../../api/generated/resources.ts';
import { systemClock } from '../../platform/clock.ts';
import { PodResourcesLister } from '../plugins/generated/podresources/v1/podresources_pb.js';
import { pluginChannel } from '../plugins/plugin-channel.ts';
import { whyNoContainers } from '../runtimes/containerd/test-node.ts';
import { RealNode, shell } from '../testing/test-real-node.ts';

const why = whyNoContainers();
const resource = 'example.com/gpu';
const amount = (count: number) => ({ [resource]: String(count) });
const wants = (count: number) =>
  shell('c', 'sleep 1000', { resources: { limits: amount(count), requests: amount(count) } });

describe.skipIf(why)(`devices on containerd${why ? ` (skipped: ${why})` : ''}`, () => {
  let node: RealNode;
  beforeAll(async () => {
    node = await RealNode.create();
  });
  afterAll(async () => {
    await node?.remove();
  });

  const nodeHas = (count: string) =>
    node.until(() => node.api.get(nodes, '', 'n1')?.status?.allocatable?.[resource] === count);

  test('reach containers, over a start of the kubelet, and are there for the next pod', async () => {
    const options = { dir: `${node.directory}/kubelet/device-plugins`, resource, devices: ['a', 'b'] };
    const startPlugin = () => node.startProgram('test-device-program.ts', JSON.stringify(options));
    const stopFirst = await startPlugin();
    await nodeHas('2');
    // It never gets as far as to use its devices.
    node.create('stuck', { containers: [{ ...wants(2), image: 'k8ts.local/none:1' }] });
    await node.until(() => node.pod('stuck')?.status?.containerStatuses?.[0]?.state?.waiting?.message);
    node.api.remove(pods, 'default', 'stuck');
    await node.until(() => !node.pod('stuck'));
    node.create('user', { containers: [wants(1)] });
    await node.phase('user', 'Running');
    expect(await node.run('user', 'c', 'sh', '-c', 'echo $GPUS; ls /dev/gpu*')).toBe('a\n/dev/gpu-a\n');
    expect(await node.run('user', 'c', 'sh', '-c', 'head -c 2 /dev/gpu-a | od -An -tx1')).toBe(' 00 00\n');
    expect(node.pod('user')?.status?.containerStatuses?.[0]?.allocatedResourcesStatus).toEqual([
      { name: resource, resources: [{ resourceID: 'a', health: 'Healthy' }] },
    ]);
    const agent = pluginChannel(`${node.directory}/kubelet/pod-resources/kubelet.sock`, systemClock);
    const { podResources } = await agent.call(PodResourcesLister.method.list, {}, { timeoutMs: 10_000 });
    agent.close();
    const containers = [{ name: 'c', devices: [{ resourceName: resource, deviceIds: ['a'] }] }];
    expect(podResources).toMatchObject([{ name: 'user', namespace: 'default', containers }]);
    await stopFirst();
    await node.stopKubelet();
    await node.startKubelet();
    // It clears the folder before it listens, as vendors' plugins know.
    await node.until(() => existsSync(`${options.dir}/kubelet.sock`));
    await nodeHas('0');
    const stop = await startPlugin();
    await nodeHas('2');
    node.create('many', { containers: [wants(2)] });
    const { status } = await node.phase('many', 'Failed');
    const words = `Allocate failed due to requested number of devices unavailable for ${resource}. Requested: 2, Available: 1, which is unexpected`;
    expect(status).toMatchObject({
      reason: 'UnexpectedAdmissionError',
      message: `Pod was rejected: ${words}`,
    });
    expect(node.told('many')).toEqual([`UnexpectedAdmissionError: ${words}`]);
    node.api.remove(pods, 'default', 'user');
    await node.until(() => !node.pod('user'));
    node.create('heir', { containers: [wants(2)] });
    await node.phase('heir', 'Running');
    expect(await node.run('heir', 'c', 'sh', '-c', 'echo $GPUS')).toBe('a b\n');
    await stop();
    await nodeHas('0');
    expect(node.api.get(nodes, '', 'n1')?.status?.capacity?.[resource]).toBe('2');
    expect(node.pod('heir')?.status?.phase).toBe('Running');
  });
});
