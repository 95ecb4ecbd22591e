import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  csidrivers,
  events,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  volumeattachments,
} from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import type { ControllerContext } from '../controller.ts';
import { TestCluster } from '../testing.ts';
import { createAttachDetachController } from './attach-detach.ts';
import { managedAnnotation, unmountWithinMs } from './plan.ts';

let cluster: TestCluster;

/** What node-1 turns out to have mounted when the controller writes its status. */
let mountsMeanwhile: string[] | undefined;

/** Which requests of the controller are refused. */
let refuse: (request: ApiRequest) => boolean;

/** A controller whose writes of a node's status come after those of its kubelet. */
function behindKubelet(): ControllerContext {
  const context = cluster.context('attachdetach-controller');
  const { transport } = context.client;
  const request = async (r: ApiRequest) => {
    if (refuse(r)) throw new Error('no');
    const volumesInUse = r.path.endsWith('/nodes/node-1/status') ? mountsMeanwhile : undefined;
    if (volumesInUse) {
      mountsMeanwhile = undefined;
      const type = 'application/merge-patch+json';
      const options = { type, subresource: 'status', cause: { reason: 'it is mounted' } } as const;
      await cluster.client.of(nodes).patch({ name: 'node-1' }, { status: { volumesInUse } }, options);
    }
    return transport.request(r);
  };
  return { ...context, client: new Client({ request, watch: transport.watch.bind(transport) }) };
}

beforeEach(async () => {
  cluster = await TestCluster.start();
  mountsMeanwhile = undefined;
  refuse = () => false;
  await cluster.run(createAttachDetachController(behindKubelet()));
  for (const name of ['node-1', 'node-2']) {
    await cluster.create(nodes, { metadata: { name, annotations: { [managedAnnotation]: 'true' } } });
    await ready(name, 'True');
  }
});
afterEach(() => cluster.stop());

const ready = (name: string, status: 'True' | 'Unknown') =>
  cluster.patch(
    nodes,
    name,
    { status: { conditions: [{ type: 'Ready', status }] } },
    { subresource: 'status' },
  );

interface Volume {
  accessModes?: string[];
  namespace?: string;
  claim?: string;
  phase?: string;
  source?: object;
}

/** A volume that a claim of its name is bound to. */
async function volume(name: string, given: Volume = {}): Promise<void> {
  const { accessModes = ['ReadWriteOnce'], namespace = 'default', claim = name, phase = 'Bound' } = given;
  const { source = { csi: { driver: 'disks.example.com', volumeHandle: `handle-${name}` } } } = given;
  const { metadata } = await cluster.create(persistentvolumeclaims, {
    metadata: { name: claim, namespace },
    spec: { accessModes, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  });
  if (!(await cluster.find(persistentvolumes, name)))
    await cluster.create(persistentvolumes, {
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes,
        ...source,
        claimRef: { namespace, name: claim, uid: metadata.uid },
      },
    });
  const options = { subresource: 'status', namespace };
  await cluster.patch(persistentvolumeclaims, claim, { status: { phase } }, options);
}

async function pod(name: string, nodeName: string, claimName = 'data'): Promise<void> {
  await cluster.create(pods, {
    metadata: { name },
    spec: {
      nodeName,
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  });
  await cluster.settle();
}
const end = (name: string) => cluster.delete(pods, name, { gracePeriodSeconds: 0 });

const attachments = async () =>
  (await cluster.list(volumeattachments)).map(
    ({ spec }) => `${spec.source.persistentVolumeName} ${spec.nodeName}`,
  );
const nameOn = (node: string) =>
  `csi-${createHash('sha256').update(`handle-datadisks.example.com${node}`).digest('hex')}`;
const nameIn = (claim: string) => `kubernetes.io/csi/disks.example.com^handle-${claim}`;
const attachedTo = async (name: string) =>
  ((await cluster.get(nodes, name)).status?.volumesAttached ?? []).map((attached) => attached.name);

/** Says what a driver says once it has done its work. */
async function report(status: object): Promise<void> {
  for (const { metadata } of await cluster.list(volumeattachments))
    await cluster.patch(volumeattachments, metadata.name, { status }, { subresource: 'status' });
}
/** Says what a kubelet says about what it has mounted. */
const mounted = (name: string, volumesInUse: readonly string[]) =>
  cluster.patch(nodes, name, { status: { volumesInUse } }, { subresource: 'status' });

describe('a volume of a driver', () => {
  const forcedDetaches = (reason: string) =>
    `attach_detach_controller_attachdetach_controller_forced_detaches{reason="${reason}"}`;

  test('is attached where a pod uses it, and the node and the pod are told', async () => {
    await volume('data');
    await pod('user', 'node-1');
    const [attachment] = await cluster.list(volumeattachments);
    expect(attachment).toMatchObject({
      metadata: { name: nameOn('node-1') },
      spec: {
        attacher: 'disks.example.com',
        nodeName: 'node-1',
        source: { persistentVolumeName: 'data' },
      },
    });
    expect(await attachedTo('node-1')).toEqual([]);
    await report({ attached: true });
    expect(await attachedTo('node-1')).toEqual([nameIn('data')]);
    expect(await cluster.events('SuccessfulAttachVolume')).toEqual([
      'SuccessfulAttachVolume AttachVolume.Attach succeeded for volume "data" ',
    ]);
  });

  test('is attached though another of its node is refused', async () => {
    refuse = (r) => r.method === 'POST' && JSON.stringify(r.body).includes('"first"');
    for (const name of ['first', 'second']) {
      await volume(name);
      await pod(`uses-${name}`, 'node-1', name);
    }
    await cluster.pass(5_000);
    expect(await attachments()).toEqual(['second node-1']);
  });

  test('is attached though the node cannot be told of others', async () => {
    await volume('first');
    await pod('uses-first', 'node-1', 'first');
    refuse = (r) => r.path.endsWith('/nodes/node-1/status');
    const [first] = await cluster.names(volumeattachments);
    const attached = { status: { attached: true } };
    await cluster.patch(volumeattachments, first as string, attached, { subresource: 'status' });
    await volume('second');
    await pod('uses-second', 'node-1', 'second');
    expect((await attachments()).sort()).toEqual(['first node-1', 'second node-1']);
  });

  test('is attached once for all pods of a node, and taken off after the last', async () => {
    await volume('data');
    await pod('a', 'node-1');
    await pod('b', 'node-1');
    const plugin = 'kubernetes.io/csi:disks.example.com';
    const total = (state: string) =>
      `attachdetach_controller_total_volumes{plugin_name="${plugin}",state="${state}"}`;
    expect(seriesOf(cluster.meter)).not.toHaveProperty([total('actual_state_of_world')]);
    await report({ attached: true });
    expect(seriesOf(cluster.meter)).toMatchObject({
      [total('desired_state_of_world')]: 1,
      [total('actual_state_of_world')]: 1,
      [`storage_count_attachable_volumes_in_use{node="node-1",volume_plugin="${plugin}"}`]: 2,
    });
    await end('a');
    expect(await attachments()).toEqual(['data node-1']);
    await end('b');
    expect(await attachments()).toEqual([]);
    expect(await attachedTo('node-1')).toEqual([]);
  });

  test('is attached once its claim has it, however late', async () => {
    await pod('early', 'node-1');
    expect(await attachments()).toEqual([]);
    await volume('data');
    await cluster.settle();
    expect(await attachments()).toEqual(['data node-1']);
  });

  test('is left to the kubelet where the driver says that it need not be attached', async () => {
    await cluster.create(csidrivers, {
      metadata: { name: 'disks.example.com' },
      spec: { attachRequired: false },
    });
    await volume('data');
    await pod('user', 'node-1');
    expect(await attachments()).toEqual([]);
  });

  test('stays until the kubelet has unmounted it', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: true });
    await mounted('node-1', [nameIn('data')]);
    await end('user');
    await cluster.pass(2 * unmountWithinMs);
    expect(await attachments()).toEqual(['data node-1']);
    await mounted('node-1', []);
    expect(await attachments()).toEqual([]);
  });

  test('is taken from a node that nobody hears of, after six minutes, however the clock is set', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: true });
    await mounted('node-1', [nameIn('data')]);
    await ready('node-1', 'Unknown');
    await end('user');
    cluster.clock.shiftWall(5 * 3_600_000);
    await cluster.pass(unmountWithinMs - 1000);
    expect(await attachments()).toEqual(['data node-1']);
    cluster.clock.shiftWall(-10 * 3_600_000);
    await cluster.pass(2000);
    expect(await attachments()).toEqual([]);
    expect(seriesOf(cluster.meter)).toMatchObject({ [forcedDetaches('timeout')]: 1 });
  });

  test('is taken at once from a node that is out of service', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: true });
    await mounted('node-1', [nameIn('data')]);
    await end('user');
    const taint = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
    await cluster.patch(nodes, 'node-1', { spec: { taints: [taint] } });
    expect(await attachments()).toEqual([]);
    expect(seriesOf(cluster.meter)).toMatchObject({ [forcedDetaches('out-of-service')]: 1 });
  });

  test('is taken from a node that is gone after six minutes where it was mounted, else at once', async () => {
    await volume('data');
    await volume('more');
    await pod('user', 'node-1');
    await pod('other', 'node-1', 'more');
    await report({ attached: true });
    await mounted('node-1', [nameIn('data')]);
    await cluster.delete(nodes, 'node-1');
    await end('user');
    await end('other');
    expect(await attachments()).toEqual(['data node-1']);
    await cluster.pass(unmountWithinMs + 1000);
    expect(await attachments()).toEqual([]);
  });

  test('stays where the kubelet has mounted it by the time that it is told that it goes', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: true });
    mountsMeanwhile = [nameIn('data')];
    await end('user');
    expect(await attachments()).toEqual(['data node-1']);
    expect(await attachedTo('node-1')).toEqual([nameIn('data')]);
    await mounted('node-1', []);
    expect(await attachments()).toEqual([]);
  });

  test('is wanted by a pod that is deleted only while one of its containers runs', async () => {
    await volume('data');
    await pod('user', 'node-1');
    const statusOf = (state: object) =>
      ({
        containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state }],
      }) as const;
    await cluster.patch(pods, 'user', { status: statusOf({ running: {} }) }, { subresource: 'status' });
    await cluster.delete(pods, 'user');
    expect(await attachments()).toEqual(['data node-1']);
    const over = statusOf({ terminated: { exitCode: 0 } });
    await cluster.patch(pods, 'user', { status: over }, { subresource: 'status' });
    expect(await attachments()).toEqual([]);
  });

  test.each([
    [undefined, []],
    ['true', ['data node-1']],
  ])('of a pod that has finished goes, unless its node keeps it (%s)', async (keeps, left) => {
    const annotations = { 'volumes.kubernetes.io/keep-terminated-pod-volumes': keeps };
    await cluster.patch(nodes, 'node-1', { metadata: { annotations } });
    await volume('data');
    await pod('user', 'node-1');
    await cluster.patch(pods, 'user', { status: { phase: 'Succeeded' } }, { subresource: 'status' });
    expect(await attachments()).toEqual(left);
  });

  test('of a claim that merely names it is not attached for it', async () => {
    await volume('data');
    await volume('data', { claim: 'thief', phase: 'Pending' });
    await pod('user', 'node-1', 'thief');
    await cluster.patch(
      persistentvolumeclaims,
      'thief',
      { status: { phase: 'Bound' } },
      { subresource: 'status' },
    );
    expect(await attachments()).toEqual([]);
  });

  test("of a claim that stands in a pod's own place is not attached for it", async () => {
    await volume('data', { claim: 'user-data' });
    const resources = { requests: { storage: '1Gi' } };
    const template = { spec: { accessModes: ['ReadWriteOnce'], resources } };
    await cluster.create(pods, {
      metadata: { name: 'user' },
      spec: {
        nodeName: 'node-1',
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: template } }],
      },
    });
    await cluster.settle();
    expect(await attachments()).toEqual([]);
  });

  test('is taken off once its driver says that it need not be attached', async () => {
    await volume('data');
    await pod('user', 'node-1');
    const driver = { metadata: { name: 'disks.example.com' }, spec: { attachRequired: false } };
    await cluster.create(csidrivers, driver);
    await cluster.settle();
    expect(await attachments()).toEqual([]);
    await cluster.delete(csidrivers, 'disks.example.com');
    expect(await attachments()).toEqual(['data node-1']);
  });

  test('that one node may have at a time waits for the other, and says so', async () => {
    await volume('data');
    await pod('first', 'node-1');
    await report({ attached: true });
    await pod('second', 'node-2');
    expect(await attachments()).toEqual(['data node-1']);
    expect((await cluster.events('FailedAttachVolume'))[0]).toBe(
      'FailedAttachVolume Multi-Attach error for volume "data" Volume is already used by pod(s) first',
    );
    await pod('third', 'node-2');
    await cluster.patch(pods, 'second', { metadata: { labels: { a: 'b' } } });
    const told = (await cluster.list(events)).filter(({ reason }) => reason === 'FailedAttachVolume');
    expect(told.map(({ involvedObject, count }) => [involvedObject.name, count])).toEqual([['second', 1]]);
    await end('first');
    expect(await attachments()).toEqual(['data node-2']);
  });

  test('that another node is yet to get is waited for without a word, and is free where that fails', async () => {
    await volume('data');
    await pod('first', 'node-1');
    await pod('second', 'node-2');
    expect(await attachments()).toEqual(['data node-1']);
    expect(await cluster.events('FailedAttachVolume')).toEqual([]);
    await report({ attached: false, attachError: { message: 'no room' } });
    expect((await attachments()).sort()).toEqual(['data node-1', 'data node-2']);
  });

  test('that many may have is attached to all', async () => {
    await volume('data', { accessModes: ['ReadWriteMany'] });
    await pod('first', 'node-1');
    await pod('second', 'node-2');
    expect((await attachments()).sort()).toEqual(['data node-1', 'data node-2']);
  });

  test('that cannot be attached is told to the pod, again and again', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: false, attachError: { message: 'no room' } });
    await cluster.pass(300_000);
    expect(await cluster.events('FailedAttachVolume')).toEqual([
      'FailedAttachVolume AttachVolume.Attach failed for volume "data" : no room',
    ]);
    expect((await cluster.list(events)).find((e) => e.reason === 'FailedAttachVolume')?.count).toBe(3);
  });

  test('whose driver does not answer within two minutes is told to the pod', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await cluster.pass(119_000);
    expect(await cluster.events('FailedAttachVolume')).toEqual([]);
    await cluster.pass(2000);
    expect(await cluster.events('FailedAttachVolume')).toEqual([
      'FailedAttachVolume AttachVolume.Attach failed for volume "data" : timed out waiting for external-attacher of disks.example.com CSI driver to attach volume handle-data',
    ]);
  });

  test('that is on its way off is told to a pod that wants it there, which gets it afterwards', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: true });
    const finalizers = ['external-attacher/disks-example-com'];
    await cluster.patch(volumeattachments, nameOn('node-1'), { metadata: { finalizers } });
    await end('user');
    await pod('next', 'node-1');
    // Else its kubelet would mount what the driver is taking away.
    expect(await attachedTo('node-1')).toEqual([]);
    expect(await cluster.events('FailedAttachVolume')).toEqual([
      'FailedAttachVolume AttachVolume.Attach failed for volume "data" : volume attachment is being deleted',
    ]);
    await cluster.patch(volumeattachments, nameOn('node-1'), { metadata: { finalizers: null } });
    const [again] = await cluster.list(volumeattachments);
    expect(again?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('of a pod of a node that there is not, or not yet, is attached once there is', async () => {
    await volume('data');
    await pod('user', 'node-3');
    expect(await attachments()).toEqual([]);
    await cluster.create(nodes, {
      metadata: { name: 'node-3', annotations: { [managedAnnotation]: 'true' } },
    });
    await cluster.settle();
    expect(await attachments()).toEqual(['data node-3']);
  });

  test('of a node that attaches for itself is left alone', async () => {
    await cluster.patch(nodes, 'node-1', { metadata: { annotations: { [managedAnnotation]: null } } });
    await volume('data');
    await pod('user', 'node-1');
    expect(await attachments()).toEqual([]);
  });
});

describe('a volume that was part of Kubernetes once', () => {
  const ebsOn = (node: string) =>
    `csi-${createHash('sha256').update(`vol-1ebs.csi.aws.com${node}`).digest('hex')}`;
  const statusName = 'kubernetes.io/csi/ebs.csi.aws.com^vol-1';
  const source = { awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-1' } };

  test('is attached by the driver that serves it now', async () => {
    await volume('data', { source });
    await pod('user', 'node-1');
    const [attachment] = await cluster.list(volumeattachments);
    expect(attachment).toMatchObject({
      metadata: { name: ebsOn('node-1') },
      spec: { attacher: 'ebs.csi.aws.com', nodeName: 'node-1', source: { persistentVolumeName: 'data' } },
    });
    await report({ attached: true });
    expect(await attachedTo('node-1')).toEqual([statusName]);
    await end('user');
    expect(await attachments()).toEqual([]);
  });

  const inPod = async (name: string, nodeName: string, more: object = source) => {
    await cluster.create(pods, {
      metadata: { name },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'disk', ...more }] },
    });
    await cluster.settle();
  };
  const where = async () => (await cluster.list(volumeattachments)).map(({ spec }) => spec.nodeName);

  test('and stands in a pod is attached with all that the driver has to know', async () => {
    await inPod('user', 'node-1');
    const [attachment] = await cluster.list(volumeattachments);
    expect(attachment?.metadata.name).toBe(ebsOn('node-1'));
    expect(attachment?.spec).toEqual({
      attacher: 'ebs.csi.aws.com',
      nodeName: 'node-1',
      source: {
        inlineVolumeSpec: {
          accessModes: ['ReadWriteOnce'],
          csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1', volumeAttributes: { partition: '0' } },
          volumeMode: 'Filesystem',
        },
      },
    });
    await report({ attached: true });
    expect(await attachedTo('node-1')).toEqual([statusName]);
    await inPod('other', 'node-2');
    expect(await where()).toEqual(['node-1']);
    expect(await cluster.events('FailedAttachVolume')).toEqual([
      'FailedAttachVolume Multi-Attach error for volume "ebs.csi.aws.com-vol-1" Volume is already used by pod(s) user',
    ]);
    await end('user');
    expect(await where()).toEqual(['node-2']);
  });

  test('and that no driver can serve is left alone', async () => {
    await inPod('user', 'node-1', {
      azureDisk: { diskName: 'd', diskURI: 'https://a.blob.core.windows.net/c/d.vhd', kind: 'Shared' },
    });
    expect(await where()).toEqual([]);
  });
});

describe('an attachment', () => {
  const attachment = (name: string, volumeName: string) =>
    cluster.create(volumeattachments, {
      metadata: { name },
      spec: {
        attacher: 'disks.example.com',
        nodeName: 'node-1',
        source: { persistentVolumeName: volumeName },
      },
    });

  test('that somebody else has made is left alone, whether there is such a volume or not', async () => {
    await volume('data');
    await attachment('va-1', 'data');
    await attachment('va-2', 'none');
    await report({ attached: true });
    expect((await attachments()).sort()).toEqual(['data node-1', 'none node-1']);
    expect(await attachedTo('node-1')).toEqual([]);
    await pod('user', 'node-2');
    expect(await attachments()).toContain('data node-2');
  });

  test('that was made before a restart and that nobody wants any more is taken off', async () => {
    await volume('data');
    await attachment(nameOn('node-1'), 'data');
    await cluster.settle();
    expect(await attachments()).toEqual([]);
  });

  test('of a volume that is gone is taken off too', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await cluster.patch(persistentvolumes, 'data', { metadata: { finalizers: null } });
    await cluster.delete(persistentvolumes, 'data');
    await end('user');
    expect(await attachments()).toEqual([]);
  });
});

test('what a node says of volumes that nobody has attached to it is taken back', async () => {
  const volumesAttached = [{ name: 'kubernetes.io/csi/disks.example.com^lost', devicePath: '' }];
  await cluster.patch(nodes, 'node-1', { status: { volumesAttached } }, { subresource: 'status' });
  expect(await attachedTo('node-1')).toEqual([]);
});
