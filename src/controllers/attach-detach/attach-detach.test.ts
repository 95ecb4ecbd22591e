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
import { TestCluster } from '../testing.ts';
import { createAttachDetachController } from './attach-detach.ts';
import { attachmentName, managedAnnotation, unmountWithinMs } from './plan.ts';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  await cluster.run(createAttachDetachController(cluster.context('attachdetach-controller')));
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

async function volume(name: string, accessModes = ['ReadWriteOnce']): Promise<void> {
  await cluster.create(persistentvolumes, {
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes,
      csi: { driver: 'disks.example.com', volumeHandle: `handle-${name}` },
      claimRef: { namespace: 'default', name },
    },
  });
  await cluster.create(persistentvolumeclaims, {
    metadata: { name },
    spec: { accessModes, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  });
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
  test('is attached where a pod uses it, and the node and the pod are told', async () => {
    await volume('data');
    await pod('user', 'node-1');
    const [attachment] = await cluster.list(volumeattachments);
    expect(attachment).toMatchObject({
      metadata: { name: attachmentName(await cluster.get(persistentvolumes, 'data'), 'node-1') },
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

  test('is attached once for all pods of a node, and taken off after the last', async () => {
    await volume('data');
    await pod('a', 'node-1');
    await pod('b', 'node-1');
    await report({ attached: true });
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

  test('is taken from a node that nobody hears of, after six minutes', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: true });
    await mounted('node-1', [nameIn('data')]);
    await ready('node-1', 'Unknown');
    await end('user');
    await cluster.pass(unmountWithinMs - 1000);
    expect(await attachments()).toEqual(['data node-1']);
    await cluster.pass(2000);
    expect(await attachments()).toEqual([]);
  });

  test('is taken at once from a node that is out of service, or is gone', async () => {
    await volume('data');
    await volume('more');
    await pod('user', 'node-1');
    await pod('other', 'node-2', 'more');
    await report({ attached: true });
    await mounted('node-1', [nameIn('data')]);
    await mounted('node-2', [nameIn('more')]);
    await end('user');
    await end('other');
    const taint = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
    await cluster.patch(nodes, 'node-1', { spec: { taints: [taint] } });
    await cluster.delete(nodes, 'node-2');
    expect(await attachments()).toEqual([]);
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

  test('that many may have is attached to all', async () => {
    await volume('data', ['ReadWriteMany']);
    await pod('first', 'node-1');
    await pod('second', 'node-2');
    expect((await attachments()).sort()).toEqual(['data node-1', 'data node-2']);
  });

  test('that cannot be attached is told to the pod', async () => {
    await volume('data');
    await pod('user', 'node-1');
    await report({ attached: false, attachError: { message: 'no room' } });
    expect(await cluster.events('FailedAttachVolume')).toEqual([
      'FailedAttachVolume AttachVolume.Attach failed for volume "data" : no room',
    ]);
  });

  test('of a node that attaches for itself is left alone', async () => {
    await cluster.patch(nodes, 'node-1', { metadata: { annotations: { [managedAnnotation]: null } } });
    await volume('data');
    await pod('user', 'node-1');
    expect(await attachments()).toEqual([]);
  });
});
