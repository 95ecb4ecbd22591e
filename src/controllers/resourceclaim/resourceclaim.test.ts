import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { namespaces, pods, resourceclaims, resourceclaimtemplates } from '../../api/generated/resources.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { claimFinalizer as finalizer } from '../../machinery/resource-claims.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { generateNameOf, podClaimAnnotation } from './plan.ts';
import { createResourceClaimController } from './resourceclaim.ts';

let cluster: TestCluster;
let nodes: TestNodes;

beforeEach(async () => {
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  await cluster.run(createResourceClaimController(cluster.context('resource-claim-controller')));
});
afterEach(() => cluster.stop());

const requests = [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }];

const template = () =>
  cluster.create(resourceclaimtemplates, {
    metadata: { name: 'one-gpu' },
    spec: { metadata: { labels: { of: 'template' } }, spec: { devices: { requests } } },
  });

const pod = async (claim: object, name = 'worker', more: object = {}) => {
  await cluster.create(pods, {
    metadata: { name },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', ...claim }],
      ...more,
    },
  });
  await cluster.settle();
};
const fromTemplate = { resourceClaimTemplateName: 'one-gpu' };
const claims = () => cluster.list(resourceclaims);
const podNow = (name = 'worker') => cluster.get(pods, name);

/** Does what the scheduler does with a claim: gives it a device, and keeps it. */
async function allocate(name: string, users: readonly string[] = []): Promise<void> {
  await cluster.patch(resourceclaims, name, { metadata: { finalizers: [finalizer] } });
  const reservedFor = await Promise.all(
    users.map(async (user) => ({ resource: 'pods', name: user, uid: (await podNow(user)).metadata.uid })),
  );
  const results = [{ request: 'gpu', driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-0' }];
  const status = { allocation: { devices: { results } }, ...(users.length > 0 && { reservedFor }) };
  await cluster.patch(resourceclaims, name, { status }, { subresource: 'status' });
}

describe('a pod that wants a claim from a template', () => {
  test('gets one of its own, and its status says which', async () => {
    await template();
    await pod(fromTemplate);
    const [claim] = await claims();
    expect(claim).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^worker-gpu-.{5}$/),
        labels: { of: 'template' },
        annotations: { [podClaimAnnotation]: 'gpu' },
        ownerReferences: [{ kind: 'Pod', name: 'worker', controller: true }],
      },
      spec: { devices: { requests } },
    });
    const resourceClaimStatuses = [{ name: 'gpu', resourceClaimName: claim?.metadata.name }];
    expect((await podNow()).status).toMatchObject({ resourceClaimStatuses });
    expect(await claims()).toHaveLength(1);
  });

  test('waits for the template, and says so', async () => {
    await pod(fromTemplate);
    expect(await claims()).toEqual([]);
    expect((await cluster.events('FailedResourceClaimCreation'))[0]).toContain(
      'PodResourceClaim gpu: resource claim template "one-gpu": resourceclaimtemplate.resource.k8s.io "one-gpu" not found',
    );
    await template();
    await cluster.settle();
    expect(await claims()).toHaveLength(1);
  });

  test('gets another where somebody has deleted it', async () => {
    await template();
    await pod(fromTemplate);
    const first = (await claims())[0]?.metadata.name as string;
    await cluster.delete(resourceclaims, first);
    const again = (await claims()).map((claim) => claim.metadata.name);
    expect(again).toHaveLength(1);
    expect(again).not.toContain(first);
    const resourceClaimStatuses = [{ name: 'gpu', resourceClaimName: again[0] }];
    expect((await podNow()).status).toMatchObject({ resourceClaimStatuses });
  });

  test('takes the one that was made but not noted', async () => {
    nodes.fate = () => 'pending';
    await template();
    await pod(fromTemplate);
    const [claim] = await claims();
    await cluster.patch(
      pods,
      'worker',
      { status: { resourceClaimStatuses: null } },
      { subresource: 'status' },
    );
    expect((await claims()).map(({ metadata }) => metadata.uid)).toEqual([claim?.metadata.uid]);
    expect((await podNow()).status?.resourceClaimStatuses).toHaveLength(1);
  });

  test('leaves it to others once it has finished', async () => {
    await template();
    await pod(fromTemplate);
    await allocate((await claims())[0]?.metadata.name as string, ['worker']);
    await nodes.become(await podNow(), 'Succeeded');
    await cluster.settle();
    expect(await claims()).toEqual([]);
  });
});

test('claims are counted by who made them, whether they have devices, and what they may', async () => {
  await template();
  await pod(fromTemplate);
  await allocate((await claims())[0]?.metadata.name as string, ['worker']);
  await cluster.create(namespaces, {
    metadata: { name: 'admin', labels: { 'resource.kubernetes.io/admin-access': 'true' } },
  });
  const watching = [{ name: 'gpu', exactly: { deviceClassName: 'gpu', adminAccess: true } }];
  const metadata = { name: 'watch', namespace: 'admin' };
  await cluster.create(resourceclaims, { metadata, spec: { devices: { requests: watching } } });
  await cluster.settle();
  const prefix = 'resourceclaim_controller_';
  const counted = Object.entries(seriesOf(cluster.meter)).filter(([key]) => key.startsWith(prefix));
  expect(Object.fromEntries(counted)).toEqual({
    [`${prefix}creates_total{status="success",admin_access="false"}`]: 1,
    [`${prefix}resource_claims{allocated="true",admin_access="false",source="resource_claim_template"}`]: 1,
    [`${prefix}resource_claims{allocated="false",admin_access="true",source=""}`]: 1,
  });
});

describe('a claim that several share', () => {
  beforeEach(async () => {
    await cluster.create(resourceclaims, { metadata: { name: 'shared' }, spec: { devices: { requests } } });
  });
  const shared = { resourceClaimName: 'shared' };
  const now = () => cluster.get(resourceclaims, 'shared');

  test('notes a pod that was given its node by somebody else', async () => {
    await allocate('shared');
    await pod(shared, 'placed', { nodeName: 'node-1' });
    expect((await now()).status?.reservedFor).toMatchObject([{ resource: 'pods', name: 'placed' }]);
  });

  test('is free again once its last user is gone', async () => {
    await pod(shared, 'a');
    await pod(shared, 'b');
    await allocate('shared', ['a', 'b']);
    await cluster.delete(pods, 'a');
    expect((await now()).status).toMatchObject({ reservedFor: [{ name: 'b' }], allocation: {} });
    await cluster.delete(pods, 'b');
    const { status, metadata } = await now();
    expect(status?.reservedFor ?? []).toEqual([]);
    expect(status?.allocation).toBeUndefined();
    expect(metadata.finalizers ?? []).toEqual([]);
  });

  test('keeps what it was given where nobody has used it', async () => {
    await allocate('shared');
    expect((await now()).status?.allocation).toBeDefined();
  });

  test('is let go when it is deleted and nobody uses it, and not before', async () => {
    await pod(shared, 'a');
    await allocate('shared', ['a']);
    await cluster.delete(resourceclaims, 'shared');
    expect((await now()).metadata.finalizers).toEqual([finalizer]);
    await cluster.delete(pods, 'a');
    expect(await claims()).toEqual([]);
  });

  test('keeps a user that is no pod, and forgets pods beside it', async () => {
    await pod(shared, 'a');
    await allocate('shared', ['a']);
    const { metadata, status } = await now();
    const group = { apiGroup: 'example.com', resource: 'groups', name: 'g', uid: 'g' };
    await cluster.patch(
      resourceclaims,
      'shared',
      {
        metadata: { resourceVersion: metadata.resourceVersion },
        status: { reservedFor: [...(status?.reservedFor ?? []), group] },
      },
      { subresource: 'status' },
    );
    await cluster.delete(pods, 'a');
    expect((await now()).status).toMatchObject({ reservedFor: [group], allocation: {} });
  });

  test('forgets a user that another pod of the same name has replaced', async () => {
    nodes.lets = false;
    await pod(shared, 'a');
    await allocate('shared', ['a']);
    const { metadata } = await now();
    const reservedFor = [{ resource: 'pods', name: 'a', uid: 'of-an-older-pod' }];
    await cluster.patch(
      resourceclaims,
      'shared',
      { metadata: { resourceVersion: metadata.resourceVersion }, status: { reservedFor } },
      { subresource: 'status' },
    );
    // Its user is gone, so it is free; the pod that has its node already takes it anew only once it is allocated.
    expect((await now()).status?.reservedFor ?? []).toEqual([]);
  });
});

test('the claim that the scheduler has made for extended resources goes once its pod has finished', async () => {
  const resources = { limits: { 'example.com/gpu': '1' } };
  await cluster.create(pods, {
    metadata: { name: 'worker' },
    spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i', resources }] },
  });
  const { uid } = (await podNow()).metadata;
  await cluster.create(resourceclaims, {
    metadata: {
      name: 'worker-extended-resources-x',
      annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'worker', uid, controller: true }],
    },
    spec: { devices: { requests } },
  });
  await allocate('worker-extended-resources-x', ['worker']);
  const requestMappings = [
    { containerName: 'c', resourceName: 'example.com/gpu', requestName: 'container-0-request-0' },
  ];
  const extendedResourceClaimStatus = { requestMappings, resourceClaimName: 'worker-extended-resources-x' };
  await cluster.patch(pods, 'worker', { status: { extendedResourceClaimStatus } }, { subresource: 'status' });
  expect((await claims())[0]?.status?.reservedFor).toHaveLength(1);
  await nodes.become(await podNow(), 'Succeeded');
  await cluster.settle();
  expect(await claims()).toEqual([]);
});

test('names of claims that are too long give up their share each', () => {
  const name = generateNameOf('p'.repeat(80), 'c'.repeat(40));
  expect(name).toHaveLength(Math.floor((80 * 57) / 122) + 1 + Math.floor((40 * 57) / 122));
  expect(generateNameOf('worker', 'gpu')).toBe('worker-gpu-');
});
