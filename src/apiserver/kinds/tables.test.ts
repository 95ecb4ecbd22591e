import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import { shownKind } from '../table/view-columns.ts';
import { toTable } from '../table/table.ts';
import { isStored } from '../registry/kind.ts';
import { allKinds } from './kinds.ts';

const made = '2026-01-01T00:00:00Z';
const now = '2026-01-01T03:00:00Z';
const age = '3h';
const before = (minutes: number) => new Date(Date.parse(now) - minutes * 60_000).toISOString();

const containers = [
  { name: 'web', image: 'web:1' },
  { name: 'log', image: 'log:2' },
];
const template = { metadata: { labels: { b: '2', a: '1' } }, spec: { containers } };
const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['y', 'x'] }],
};
const selectorCell = 'app=web,tier in (x,y)';
const wide = ['web,log', 'web:1,log:2'];
const scaled = { spec: { replicas: 3, selector, template }, status: { replicas: 2, readyReplicas: 1 } };

/** Cells as upstream's printers fill them in, for one object of each kind that has something to show. */
const rows: Record<string, [object: object, cells: unknown[]]> = {
  'v1 Pod': [
    {
      spec: {
        nodeName: 'n1',
        containers,
        initContainers: [{ name: 'side', restartPolicy: 'Always' }],
        readinessGates: [{ conditionType: 'a/gate' }, { conditionType: 'b/gate' }],
      },
      status: {
        phase: 'Running',
        podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }],
        nominatedNodeName: 'n2',
        conditions: [{ type: 'a/gate', status: 'True' }],
        initContainerStatuses: [
          { name: 'side', ready: true, started: true, restartCount: 1, state: { running: {} } },
        ],
        containerStatuses: [
          {
            name: 'web',
            ready: false,
            restartCount: 4,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, finishedAt: before(5) } },
          },
          { name: 'log', ready: true, restartCount: 0, state: { running: {} } },
        ],
      },
    },
    ['x', '2/3', 'CrashLoopBackOff', '5 (5m ago)', age, '10.0.0.7', 'n1', 'n2', '1/2'],
  ],
  'v1 PodTemplate': [{ template }, ['x', ...wide, 'a=1,b=2']],
  'v1 ReplicationController': [
    { spec: { replicas: 3, selector: { app: 'web' }, template }, status: { replicas: 2, readyReplicas: 1 } },
    ['x', 3, 2, 1, age, ...wide, 'app=web'],
  ],
  'apps/v1 ReplicaSet': [scaled, ['x', 3, 2, 1, age, ...wide, selectorCell]],
  'apps/v1 Deployment': [
    { ...scaled, status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 0 } },
    ['x', '1/3', 2, 0, age, ...wide, selectorCell],
  ],
  'apps/v1 StatefulSet': [scaled, ['x', '1/3', age, ...wide]],
  'apps/v1 DaemonSet': [
    {
      spec: { selector, template: { ...template, spec: { containers, nodeSelector: { os: 'linux' } } } },
      status: {
        desiredNumberScheduled: 5,
        currentNumberScheduled: 4,
        numberReady: 3,
        updatedNumberScheduled: 2,
        numberAvailable: 1,
      },
    },
    ['x', 5, 4, 3, 2, 1, 'os=linux', age, ...wide, selectorCell],
  ],
  'apps/v1 ControllerRevision': [
    {
      metadata: {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 's', controller: true }],
      },
      revision: 7,
    },
    ['x', 'statefulset.apps/s', 7, age],
  ],
  'batch/v1 Job': [
    {
      spec: { parallelism: 2, template, selector },
      status: { succeeded: 1, startTime: before(90), conditions: [{ type: 'Suspended', status: 'True' }] },
    },
    ['x', 'Suspended', '1/1 of 2', '90m', age, ...wide, selectorCell],
  ],
  'batch/v1 CronJob': [
    {
      spec: { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template } } },
      status: { active: [{}, {}], lastScheduleTime: before(1) },
    },
    ['x', '* * * * *', '<none>', 'True', 2, '60s', age, ...wide, '<none>'],
  ],
  'v1 Service': [
    {
      spec: {
        type: 'LoadBalancer',
        clusterIPs: ['10.96.0.1', 'fd00::1'],
        externalIPs: ['203.0.113.9'],
        selector: { app: 'web' },
        ports: [
          { port: 80, nodePort: 30080, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
      },
      status: { loadBalancer: { ingress: [{ hostname: 'z.example.org' }, { ip: '203.0.113.1' }] } },
    },
    [
      'x',
      'LoadBalancer',
      '10.96.0.1',
      '203.0.113.1,z.example.org,203.0.113.9',
      '80:30080/TCP,53/UDP',
      age,
      'app=web',
    ],
  ],
  'v1 Endpoints': [
    {
      subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: [{ port: 80 }, { port: 81 }] }],
    },
    ['x', '10.0.0.1:80,[fd00::1]:80,10.0.0.1:81 + 1 more...', age],
  ],
  'discovery.k8s.io/v1 EndpointSlice': [
    {
      addressType: 'IPv4',
      ports: [{ port: 80 }, { name: 'any' }, {}],
      endpoints: [{ addresses: ['a', 'b'] }, { addresses: ['c', 'd'] }],
    },
    ['x', 'IPv4', '80,any,*', 'a,b,c + 1 more...', age],
  ],
  'v1 Node': [
    {
      metadata: {
        labels: {
          'node-role.kubernetes.io/worker': '',
          'kubernetes.io/role': 'edge',
          'node-role.kubernetes.io/': '',
        },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown' }],
        addresses: [{ type: 'InternalIP', address: '10.1.0.1' }],
        nodeInfo: {
          kubeletVersion: 'v1.36.0',
          osImage: 'Debian',
          kernelVersion: '6.1',
          containerRuntimeVersion: '',
        },
      },
    },
    [
      'x',
      'NotReady,SchedulingDisabled',
      'edge,worker',
      age,
      'v1.36.0',
      '10.1.0.1',
      '<none>',
      'Debian',
      '6.1',
      '<unknown>',
    ],
  ],
  'v1 Event': [
    {
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{web}' },
      type: 'Warning',
      reason: 'BackOff',
      message: ' restarting\n',
      firstTimestamp: before(60),
      lastTimestamp: before(2),
      count: 9,
      source: { component: 'kubelet', host: 'n1' },
    },
    ['2m', 'Warning', 'BackOff', 'pod/p', 'spec.containers{web}', 'kubelet, n1', 'restarting', '60m', 9, 'x'],
  ],
  'events.k8s.io/v1 Event': [
    {
      regarding: { kind: 'Node' },
      type: 'Normal',
      reason: 'Up',
      note: 'hello',
      eventTime: before(60),
      series: { count: 4, lastObservedTime: before(1) },
      reportingController: 'c',
      reportingInstance: 'i',
    },
    ['60s', 'Normal', 'Up', 'node', '', 'c, i', 'hello', '60m', 4, 'x'],
  ],
  'v1 Namespace': [{ spec: {}, status: { phase: 'Active' } }, ['x', 'Active', age]],
  'v1 ConfigMap': [{ data: { a: '1' }, binaryData: { b: 'Ag==' } }, ['x', 2, age]],
  'v1 Secret': [{ type: 'Opaque', data: { a: 'Ag==' } }, ['x', 'Opaque', 1, age]],
  'v1 ServiceAccount': [{ secrets: [{}, {}] }, ['x', 2, age]],
  'v1 ComponentStatus': [
    { conditions: [{ type: 'Healthy', status: 'False', message: 'm', error: 'e' }] },
    ['x', 'Unhealthy', 'm', 'e'],
  ],
  'v1 LimitRange': [{}, ['x', made]],
  'v1 ResourceQuota': [
    {
      status: {
        hard: { 'requests.cpu': '4', 'limits.cpu': '8', pods: '10' },
        used: { 'requests.cpu': '1', 'limits.cpu': '2', pods: '3' },
      },
    },
    ['x', 'pods: 3/10, requests.cpu: 1/4', 'limits.cpu: 2/8', age],
  ],
  'v1 PersistentVolume': [
    {
      spec: {
        capacity: { storage: '5Gi' },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'default', name: 'c' },
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
      },
      status: { phase: 'Bound', reason: 'r' },
    },
    ['x', '5Gi', 'RWO,RWX', 'Retain', 'Bound', 'default/c', 'fast', '<unset>', 'r', age, 'Filesystem'],
  ],
  'v1 PersistentVolumeClaim': [
    {
      metadata: { deletionTimestamp: now },
      spec: { volumeName: 'v', storageClassName: 'fast', volumeAttributesClassName: 'gold' },
      status: { phase: 'Bound', capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOncePod'] },
    },
    ['x', 'Terminating', 'v', '5Gi', 'RWOP', 'fast', 'gold', age, '<unset>'],
  ],
  'policy/v1 PodDisruptionBudget': [
    { spec: { maxUnavailable: '25%' }, status: { disruptionsAllowed: 2 } },
    ['x', 'N/A', '25%', 2, age],
  ],
  'networking.k8s.io/v1 Ingress': [
    {
      spec: {
        ingressClassName: 'nginx',
        rules: [{ host: 'a' }, {}, { host: 'b' }, { host: 'c' }, { host: 'd' }],
        tls: [{}],
      },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
    },
    ['x', 'nginx', 'a,b,c + 2 more...', '203.0.113.1', '80, 443', age],
  ],
  'networking.k8s.io/v1 IngressClass': [
    { spec: { controller: 'c', parameters: { apiGroup: 'g', kind: 'K', name: 'n' } } },
    ['x', 'c', 'K.g/n', age],
  ],
  'networking.k8s.io/v1 NetworkPolicy': [{ spec: { podSelector: {} } }, ['x', '<none>', age]],
  'networking.k8s.io/v1 IPAddress': [
    { spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'kubernetes' } } },
    ['x', 'services/default/kubernetes', age],
  ],
  'networking.k8s.io/v1 ServiceCIDR': [
    { spec: { cidrs: ['10.0.0.0/8', 'fd00::/64'] } },
    ['x', '10.0.0.0/8,fd00::/64', age],
  ],
  'rbac.authorization.k8s.io/v1 Role': [{}, ['x', made]],
  'rbac.authorization.k8s.io/v1 ClusterRole': [{}, ['x', made]],
  ...Object.fromEntries(
    ['RoleBinding', 'ClusterRoleBinding'].map((kind) => [
      `rbac.authorization.k8s.io/v1 ${kind}`,
      [
        {
          roleRef: { kind: 'ClusterRole', name: 'view' },
          subjects: [
            { kind: 'User', name: 'ann' },
            { kind: 'Group', name: 'g1' },
            { kind: 'Group', name: 'g2' },
            { kind: 'ServiceAccount', namespace: 'default', name: 'sa' },
          ],
        },
        ['x', 'ClusterRole/view', age, 'ann', 'g1, g2', 'default/sa'],
      ],
    ]),
  ),
  'certificates.k8s.io/v1 CertificateSigningRequest': [
    {
      spec: { signerName: 's/x', username: 'ann', expirationSeconds: 86_400 },
      status: { conditions: [{ type: 'Approved' }, { type: 'Failed' }], certificate: 'Ag==' },
    },
    ['x', age, 's/x', 'ann', '24h', 'Approved,Failed,Issued'],
  ],
  'coordination.k8s.io/v1 Lease': [{ spec: { holderIdentity: 'h' } }, ['x', 'h', age]],
  'autoscaling/v2 HorizontalPodAutoscaler': [
    {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd' },
        maxReplicas: 9,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } },
          { type: 'External', external: { target: { averageValue: '5' } } },
          { type: 'Pods', pods: { target: { averageValue: '1' } } },
        ],
      },
      status: {
        currentReplicas: 2,
        currentMetrics: [
          { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40 } } },
        ],
      },
    },
    ['x', 'Deployment/d', 'cpu: 40%/80%, <unknown>/5 (avg) + 1 more...', '<unset>', 9, 2, age],
  ],
  'autoscaling/v1 HorizontalPodAutoscaler': [
    {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd' },
        minReplicas: 1,
        maxReplicas: 9,
        targetCPUUtilizationPercentage: 70,
      },
      status: { currentReplicas: 2, currentCPUUtilizationPercentage: 30 },
    },
    ['x', 'Deployment/d', 'cpu: 30%/70%', '1', 9, 2, age],
  ],
  'storage.k8s.io/v1 StorageClass': [
    {
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'p',
      allowVolumeExpansion: true,
    },
    ['x (default)', 'p', 'Delete', 'Immediate', true, age],
  ],
  'storage.k8s.io/v1 CSIDriver': [
    { spec: { tokenRequests: [{ audience: 'a' }, { audience: 'b' }], volumeLifecycleModes: ['Persistent'] } },
    ['x', true, false, false, 'a,b', false, 'Persistent', age],
  ],
  'storage.k8s.io/v1 CSINode': [{ spec: { drivers: [{}, {}] } }, ['x', 2, age]],
  'storage.k8s.io/v1 CSIStorageCapacity': [{ storageClassName: 's', capacity: '1Gi' }, ['x', 's', '1Gi']],
  'storage.k8s.io/v1 VolumeAttachment': [
    {
      spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } },
      status: { attached: true },
    },
    ['x', 'a', 'v', 'n', true, age],
  ],
  'storage.k8s.io/v1 VolumeAttributesClass': [{ driverName: 'd' }, ['x', 'd', age]],
  'scheduling.k8s.io/v1 PriorityClass': [
    { value: 7, globalDefault: true, preemptionPolicy: 'Never' },
    ['x', 7, true, age, 'Never'],
  ],
  'node.k8s.io/v1 RuntimeClass': [{ handler: 'h' }, ['x', 'h', age]],
  'flowcontrol.apiserver.k8s.io/v1 FlowSchema': [
    {
      spec: {
        priorityLevelConfiguration: { name: 'l' },
        matchingPrecedence: 100,
        distinguisherMethod: { type: 'ByUser' },
      },
      status: { conditions: [{ type: 'Dangling', status: 'False' }] },
    },
    ['x', 'l', 100, 'ByUser', age, 'False'],
  ],
  'flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration': [
    {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 30,
          limitResponse: { queuing: { queues: 64, handSize: 6, queueLengthLimit: 50 } },
        },
      },
    },
    ['x', 'Limited', 30, 64, 6, 50, age],
  ],
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': [{ webhooks: [{}, {}] }, ['x', 2, age]],
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': [{ webhooks: [{}] }, ['x', 1, age]],
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy': [
    { spec: { validations: [{}, {}], paramKind: { apiVersion: 'g/v1', kind: 'K' } } },
    ['x', 2, 'g/v1/K', age],
  ],
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicy': [
    { spec: { mutations: [{}] } },
    ['x', 1, '<unset>', age],
  ],
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding': [
    { spec: { policyName: 'p', paramRef: { name: 'n', namespace: 'ns' } } },
    ['x', 'p', 'ns/n', age],
  ],
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding': [
    { spec: { policyName: 'p', paramRef: { name: 'n' } } },
    ['x', 'p', '*/n', age],
  ],
  'apiextensions.k8s.io/v1 CustomResourceDefinition': [{}, ['x', made]],
  'resource.k8s.io/v1 DeviceClass': [{ spec: {} }, ['x', age]],
  'resource.k8s.io/v1 ResourceClaim': [
    { status: { allocation: {}, reservedFor: [{}] } },
    ['x', 'allocated,reserved', age],
  ],
  'resource.k8s.io/v1 ResourceClaimTemplate': [{ spec: {} }, ['x', age]],
  'resource.k8s.io/v1 ResourceSlice': [
    { spec: { nodeName: 'n', driver: 'd', pool: { name: 'p' } } },
    ['x', 'n', 'd', 'p', age],
  ],
  'apiregistration.k8s.io/v1 APIService': [
    {
      spec: { service: { namespace: 'kube-system', name: 'metrics' } },
      status: { conditions: [{ type: 'Available', status: 'False', reason: 'MissingEndpoints' }] },
    },
    ['x', 'kube-system/metrics', 'False (MissingEndpoints)', age],
  ],
};

const nameOf = ({ resource }: (typeof allKinds)[number]) =>
  `${resource.group ? `${resource.group}/` : ''}${resource.version} ${resource.kind}`;

const shown = allKinds.filter(isStored).map((view) => {
  const stored = allKinds.find((kind) => kind.resource === view.storedAs?.resource) ?? view;
  return [nameOf(view), shownKind(view, stored)] as const;
});

const request = {
  nowMs: Date.parse(now),
  includeObject: 'None',
  noHeaders: false,
  apiVersion: 'meta.k8s.io/v1',
} as const;

describe('a row of kubectl get', () => {
  test('is checked for every kind', () => {
    expect(Object.keys(rows).sort()).toEqual(shown.map(([name]) => name).sort());
  });

  test.each(shown)('of a %s', (name, kind) => {
    const [fields, cells] = rows[name] as [Partial<KubernetesObject>, unknown[]];
    const { group, version, kind: kindName } = kind.resource;
    const object = {
      apiVersion: group ? `${group}/${version}` : version,
      kind: kindName,
      ...fields,
      metadata: { name: 'x', creationTimestamp: made, ...fields.metadata },
    };
    expect(toTable([object], { ...request, kind }).rows[0]?.cells).toEqual(cells);
  });

  test.each(shown)('of a bookmark among %s', (_, kind) => {
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    const metadata = { resourceVersion: '7', annotations };
    const bookmark = { apiVersion: 'v1', kind: kind.resource.kind, metadata };
    const [row] = toTable([bookmark], { ...request, kind }).rows;
    expect(row?.cells).toHaveLength(kind.columns.length);
    expect(row?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata });
  });
});
