import { beforeAll, describe, expect, test } from 'vitest';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { createTestCluster, type TestApi } from '../registry/testing.ts';
import { testRequest } from './certificates/testing.ts';
import { allKinds } from './kinds.ts';

const containers = [{ name: 'c', image: 'nginx' }];
const template = { metadata: { labels: { a: 'b' } }, spec: { containers } };
const jobTemplate = { spec: { restartPolicy: 'Never', containers } };
const selector = { matchLabels: { a: 'b' } };
const rule = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] };
const match = { resourceRules: [rule] };
const webhooks = [
  {
    name: 'a.example.com',
    clientConfig: { url: 'https://a.example' },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  },
];
const roleRef = { kind: 'ClusterRole', name: 'r' };
const request = Buffer.from(testRequest).toString('base64');
const scaleTargetRef = { kind: 'Deployment', name: 'd' };
const storage = { storage: '1Gi' };

/** The least that each kind takes, by plural and version where several versions have the plural. */
const least: Record<string, object> = {
  'customresourcedefinitions/v1': {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'things', kind: 'Thing' },
      scope: 'Cluster',
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  },
  'apiservices/v1': {
    metadata: { name: 'v1.things.example.com' },
    spec: { group: 'things.example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 },
  },
  'certificatesigningrequests/v1': { spec: { request, signerName: 'a.example/b', usages: ['any'] } },
  'clusterrolebindings/v1': { roleRef },
  'controllerrevisions/v1': { data: {}, revision: 1 },
  'cronjobs/v1': { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
  'csistoragecapacities/v1': { storageClassName: 's' },
  'daemonsets/v1': { spec: { selector, template } },
  'deployments/v1': { spec: { selector, template } },
  'endpointslices/v1': { addressType: 'IPv4' },
  'flowschemas/v1': { spec: { priorityLevelConfiguration: { name: 'l' } } },
  'horizontalpodautoscalers/v1': { spec: { scaleTargetRef, maxReplicas: 1 } },
  'horizontalpodautoscalers/v2': { spec: { scaleTargetRef, maxReplicas: 1 } },
  'ingressclasses/v1': { spec: { controller: 'a.example/b' } },
  'ingresses/v1': { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
  'ipaddresses/v1': {
    metadata: { name: '10.0.0.1' },
    spec: { parentRef: { resource: 'services', name: 's' } },
  },
  'jobs/v1': { spec: { template: jobTemplate } },
  'mutatingadmissionpolicies/v1': {
    spec: {
      matchConstraints: match,
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
    },
  },
  'mutatingadmissionpolicybindings/v1': { spec: { policyName: 'p' } },
  'mutatingwebhookconfigurations/v1': { webhooks },
  'persistentvolumeclaims/v1': {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: storage } },
  },
  'persistentvolumes/v1': {
    spec: { accessModes: ['ReadWriteOnce'], capacity: storage, hostPath: { path: '/x' } },
  },
  'pods/v1': { spec: { containers } },
  'podtemplates/v1': { template },
  'prioritylevelconfigurations/v1': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'replicasets/v1': { spec: { selector, template } },
  'replicationcontrollers/v1': { spec: { template } },
  'resourceslices/v1': {
    spec: { driver: 'd', nodeName: 'n', pool: { name: 'p', generation: 0, resourceSliceCount: 1 } },
  },
  'rolebindings/v1': { roleRef },
  'runtimeclasses/v1': { handler: 'h' },
  'servicecidrs/v1': { spec: { cidrs: ['10.0.0.0/24'] } },
  'services/v1': { spec: { ports: [{ port: 80 }] } },
  'statefulsets/v1': { spec: { selector, template, serviceName: 's' } },
  'storageclasses/v1': { provisioner: 'p' },
  'validatingadmissionpolicies/v1': {
    spec: { matchConstraints: match, validations: [{ expression: 'true' }] },
  },
  'validatingadmissionpolicybindings/v1': { spec: { policyName: 'p', validationActions: ['Deny'] } },
  'validatingwebhookconfigurations/v1': { webhooks },
  'volumeattachments/v1': {
    spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } },
  },
  'volumeattributesclasses/v1': { driverName: 'd', parameters: { a: 'b' } },
};

/** Both forms of an event are one plural and version in two groups. */
const eventOf: Record<string, object> = {
  '': { involvedObject: { namespace: 'default' } },
  'events.k8s.io': {
    regarding: { namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'c',
    reportingInstance: 'i',
    action: 'A',
    reason: 'R',
    type: 'Normal',
  },
};

function manifest({ plural, group, version, namespaced }: Resource): KubernetesObject {
  const body = plural === 'events' ? eventOf[group] : least[`${plural}/${version}`];
  const metadata = { name: 'x', labels: { t: '1' }, ...(namespaced && { namespace: 'default' }) };
  const own = (body as Partial<KubernetesObject> | undefined)?.metadata;
  return { ...body, metadata: { ...metadata, ...own } };
}

const notStored = new Set(['bindings', 'componentstatuses']);
const served = allKinds.filter((kind) => !notStored.has(kind.resource.plural));
const key = (r: Resource) => `${r.group}/${r.version}/${r.plural}`;

describe.each(served.map((kind) => [key(kind.resource), kind] as const))('%s', (_, kind) => {
  let api: TestApi;
  const body = manifest(kind.resource);
  const name = body.metadata.name as string;
  beforeAll(async () => {
    api = await createTestCluster();
  });
  const get = () => api.object('get', kind.resource, { name });
  const patch = (change: object, subresource = '') =>
    api.object('patch', kind.resource, {
      name,
      subresource,
      body: change,
      mediaType: 'application/merge-patch+json',
    });

  test('takes the least that makes sense, and gives it back as it is', async () => {
    const made = await api.object('create', kind.resource, { body });
    expect(made).toMatchObject({ ...body, metadata: { labels: { t: '1' } } });
    const again = await api.object('update', kind.resource, { name, body: await get() });
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  test('takes labels, which only slices of endpoints count as a change', async () => {
    const before = await get();
    const after = await patch({ metadata: { labels: { t: '2' } } });
    expect(after.metadata.labels).toMatchObject({ t: '2' });
    const { generation } = before.metadata;
    const counted = kind.resource.plural === 'endpointslices' ? (generation ?? 0) + 1 : generation;
    expect(after.metadata.generation).toBe(counted);
    expect(after).toEqual({ ...before, metadata: after.metadata });
  });

  test('takes a report that says nothing new, where it has a status', async () => {
    if (!kind.status) return;
    const before = await get();
    const after = await patch({ metadata: { annotations: { seen: 'yes' } } }, 'status');
    expect(after).toEqual({ ...before, metadata: after.metadata });
  });

  test('is found by its labels, and goes', async () => {
    const found = await api.list(kind.resource, { query: { labelSelector: 't=2' } });
    expect(found.items).toHaveLength(1);
    await api.send('delete', kind.resource, { name, query: { gracePeriodSeconds: '0' } });
  });
});
