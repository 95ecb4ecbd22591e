import type { KubernetesObject, Resource } from '../../api/resource.ts';
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

/** The least that a kind takes, by the name `x` where any will do. */
export function leastOf({ plural, group, version, namespaced }: Resource): KubernetesObject {
  const body = plural === 'events' ? eventOf[group] : least[`${plural}/${version}`];
  const metadata = { name: 'x', labels: { t: '1' }, ...(namespaced && { namespace: 'default' }) };
  const own = (body as Partial<KubernetesObject> | undefined)?.metadata;
  return { ...body, metadata: { ...metadata, ...own } };
}

const notStored = new Set(['bindings', 'componentstatuses']);
/** All kinds whose objects are kept. */
export const storedKinds = allKinds.filter((kind) => !notStored.has(kind.resource.plural));
