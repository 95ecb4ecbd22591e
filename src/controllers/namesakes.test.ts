import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  controllerrevisions,
  endpoints,
  endpointslices,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  resourceclaims,
  resourceclaimtemplates,
  services,
  statefulsets,
} from '../api/generated/resources.ts';
import type { Pod } from '../api/core/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../api/resource.ts';
import type { ApiRequest } from '../client/transport.ts';
import type { ControllerContext } from './controller.ts';
import { createEndpointsController } from './endpoints/endpoints.ts';
import { createEndpointSliceMirroringController } from './endpointslice-mirroring/endpointslice-mirroring.ts';
import { createResourceClaimController } from './resourceclaim/resourceclaim.ts';
import { createStatefulSetController } from './statefulset/statefulset.ts';
import { TestCluster, TestNodes } from './testing.ts';
import { createPersistentVolumeBinder } from './volumes/binder.ts';
import { createClaimProtection, createVolumeProtection } from './volumes/protection.ts';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(() => cluster.stop());

const labels = { made: 'anew' };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const deletes = ({ method }: ApiRequest) => method === 'DELETE';

/** A controller that means to delete an object, or to change it, while somebody puts another in its place. */
function behind<T extends KubernetesObject>(
  controller: string,
  resource: Resource<T>,
  { isSuch = deletes, body }: { isSuch?: typeof deletes; body?: object } = {},
): ControllerContext {
  return cluster.overtaken(controller, isSuch, async ({ path }) => {
    const name = path.split(`/${resource.plural}/`)[1]?.split('/')[0] ?? '';
    const metadata = { name, namespace: 'default' };
    const { spec } = (await cluster.get(resource, name)) as { spec?: object };
    const now = { cause: { reason: 'a test says so' }, gracePeriodSeconds: 0 };
    await cluster.client.of(resource).delete(metadata, now);
    await cluster.create(resource, { ...(body ?? { spec }), metadata: { ...metadata, labels } });
  });
}

async function expectAnew(resource: Resource, name: string): Promise<void> {
  expect((await cluster.find(resource, name))?.metadata.labels).toMatchObject(labels);
}

test('Endpoints that have taken the name of those of a Service that is gone stay', async () => {
  const body = { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1 }] }] };
  await cluster.run(createEndpointsController(behind('endpoint-controller', endpoints, { body })));
  await cluster.create(services, {
    metadata: { name: 's' },
    spec: { selector: { app: 'a' }, ports: [{ port: 80 }] },
  });
  await cluster.settle();
  await cluster.delete(services, 's');
  await cluster.pass(10_000);
  await expectAnew(endpoints, 's');
});

test('a slice that has taken the name of one whose Endpoints are gone stays', async () => {
  const context = behind('endpointslicemirroring-controller', endpointslices, {
    body: { addressType: 'IPv4', endpoints: [] },
  });
  await cluster.run(createEndpointSliceMirroringController(context));
  await cluster.create(services, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
  const subsets = [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1 }] }];
  await cluster.create(endpoints, { metadata: { name: 's' }, subsets });
  await cluster.settle();
  const [first] = await cluster.names(endpointslices);
  await cluster.delete(endpoints, 's');
  await cluster.pass(10_000);
  await expectAnew(endpointslices, first ?? '');
});

test('a revision that has taken the name of one that is not kept stays', async () => {
  const isSuch = ({ method, path }: ApiRequest) =>
    method === 'DELETE' && path.includes('controllerrevisions');
  const body = { revision: 7, data: {} };
  const context = behind('statefulset-controller', controllerrevisions, { isSuch, body });
  const nodes = new TestNodes(cluster);
  nodes.fate = () => 'ready';
  await cluster.run(createStatefulSetController(context));
  await cluster.create(statefulsets, {
    metadata: { name: 's' },
    spec: {
      serviceName: 's',
      replicas: 1,
      revisionHistoryLimit: 0,
      selector: { matchLabels: { app: 'a' } },
      template,
    },
  });
  await cluster.settle();
  const [first] = await cluster.names(controllerrevisions);
  const containers = [{ name: 'c', image: 'other' }];
  await cluster.patch(statefulsets, 's', { spec: { template: { spec: { containers } } } });
  await cluster.pass(10_000);
  await expectAnew(controllerrevisions, first ?? '');
});

test('a pod that has taken the name of a recycler that is through stays', async () => {
  const context = behind('persistent-volume-binder', pods);
  await cluster.run(
    createPersistentVolumeBinder(context, { local: { pathOf: () => '/', remove: async () => {} } }),
    createClaimProtection(cluster.context('pvc-protection-controller')),
    createVolumeProtection(cluster.context('pv-protection-controller')),
  );
  const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'manual' };
  await cluster.create(persistentvolumes, {
    metadata: { name: 'v' },
    spec: {
      ...spec,
      capacity: { storage: '1Gi' },
      hostPath: { path: '/data' },
      persistentVolumeReclaimPolicy: 'Recycle',
    },
  });
  await cluster.create(persistentvolumeclaims, {
    metadata: { name: 'data' },
    spec: { ...spec, resources: { requests: { storage: '1Gi' } } },
  });
  await cluster.settle();
  await cluster.delete(persistentvolumeclaims, 'data');
  const status = { phase: 'Succeeded' };
  await cluster.patch(pods, 'recycler-for-v', { status }, { subresource: 'status' });
  await expectAnew(pods, 'recycler-for-v');
  expect((await cluster.get(persistentvolumes, 'v')).status?.phase).toBe('Available');
});

test('a pod that has taken the name of another is not told of the claims of that', async () => {
  const isSuch = ({ method, path }: ApiRequest) => method === 'PATCH' && path.endsWith('/pods/p/status');
  const context = behind('resource-claim-controller', pods, { isSuch });
  const told = new Map<string, Set<string | undefined>>();
  const note = ({ metadata: { uid }, status }: Stored<Pod>) => {
    const names = told.get(uid) ?? new Set();
    for (const { resourceClaimName } of status?.resourceClaimStatuses ?? []) names.add(resourceClaimName);
    told.set(uid, names);
  };
  cluster.informers.of(pods).onChange({ added: note, updated: note });
  await cluster.run(createResourceClaimController(context));
  const requests = [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }];
  await cluster.create(resourceclaimtemplates, {
    metadata: { name: 't' },
    spec: { spec: { devices: { requests } } },
  });
  await cluster.create(pods, {
    metadata: { name: 'p' },
    spec: { ...template.spec, resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] },
  });
  await cluster.pass(10_000);
  const { metadata } = await cluster.get(pods, 'p');
  const claims = await cluster.list(resourceclaims);
  const own = claims.filter(
    ({ metadata: { ownerReferences } }) => ownerReferences?.[0]?.uid === metadata.uid,
  );
  expect([...(told.get(metadata.uid) ?? [])]).toEqual(own.map((claim) => claim.metadata.name));
});
