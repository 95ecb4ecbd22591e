import { describe, expect, test } from 'vitest';
import type { PodSpec } from '../../api/core/v1.ts';
import * as resources from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { createTestCluster } from '../registry/testing.ts';

const probe = {
  initialDelaySeconds: 1,
  timeoutSeconds: 2,
  periodSeconds: 3,
  successThreshold: 1,
  failureThreshold: 4,
};
const expression = { key: 'a', operator: 'In', values: ['b'] };
const selector = { matchLabels: { a: 'b' }, matchExpressions: [expression] };
const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' }, limits: { storage: '2Gi' } },
  storageClassName: 'fast',
  volumeMode: 'Filesystem',
  selector: { matchLabels: { a: 'b' } },
  volumeAttributesClassName: 'gold',
};
const projected = {
  defaultMode: 420,
  sources: [
    { secret: { name: 's', items: [{ key: 'k', path: 'a/k', mode: 256 }], optional: true } },
    { configMap: { name: 'm', items: [{ key: 'k', path: 'b/k' }] } },
    {
      downwardAPI: {
        items: [{ path: 'labels', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.labels' } }],
      },
    },
    { serviceAccountToken: { audience: 'a', expirationSeconds: 600, path: 'token' } },
  ],
};
const volumes = [
  { name: 'empty', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  { name: 'host', hostPath: { path: '/x', type: 'DirectoryOrCreate' } },
  { name: 'config', configMap: { name: 'm', defaultMode: 420, optional: true } },
  { name: 'secret', secret: { secretName: 's', defaultMode: 256, items: [{ key: 'k', path: 'k' }] } },
  { name: 'projected', projected },
  { name: 'claim', persistentVolumeClaim: { claimName: 'c', readOnly: true } },
  { name: 'own', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec: claimSpec } } },
  { name: 'csi', csi: { driver: 'csi.example.com', readOnly: true, volumeAttributes: { a: 'b' } } },
  { name: 'nfs', nfs: { server: 'n', path: '/p', readOnly: true } },
  { name: 'image', image: { reference: 'example.com/i:1', pullPolicy: 'IfNotPresent' } },
];
const container = {
  name: 'main',
  image: 'example.com/main:1',
  imagePullPolicy: 'IfNotPresent',
  command: ['run'],
  args: ['$(A)'],
  workingDir: '/w',
  ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
  envFrom: [{ prefix: 'P_', configMapRef: { name: 'm' } }, { secretRef: { name: 's', optional: true } }],
  env: [
    { name: 'A', value: 'b' },
    { name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
    { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'm', key: 'k', optional: true } } },
    { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
  ],
  resources: { requests: { cpu: '100m', memory: '1Mi' }, limits: { cpu: '1', memory: '1Gi' } },
  volumeMounts: [
    { name: 'empty', mountPath: '/empty', subPathExpr: '$(A)', mountPropagation: 'None' },
    { name: 'config', mountPath: '/config', subPath: 'a', readOnly: true, recursiveReadOnly: 'Disabled' },
    { name: 'own', mountPath: '/own' },
  ],
  livenessProbe: {
    httpGet: { path: '/', port: 'http', scheme: 'HTTP' },
    ...probe,
    terminationGracePeriodSeconds: 5,
  },
  readinessProbe: { tcpSocket: { port: 80 }, ...probe, successThreshold: 2 },
  startupProbe: { grpc: { port: 80, service: 's' }, ...probe },
  lifecycle: { postStart: { exec: { command: ['true'] } }, preStop: { sleep: { seconds: 3 } } },
  resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
  terminationMessagePath: '/dev/log',
  terminationMessagePolicy: 'FallbackToLogsOnError',
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
    privileged: false,
    procMount: 'Default',
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: 1000,
    runAsGroup: 1000,
    seccompProfile: { type: 'Localhost', localhostProfile: 'a/b.json' },
    appArmorProfile: { type: 'RuntimeDefault' },
    seLinuxOptions: { user: 'u', role: 'r', type: 't', level: 's0' },
  },
};
const term = { labelSelector: selector, topologyKey: 'zone', namespaces: ['a'], namespaceSelector: {} };
const weighted = { weight: 100, podAffinityTerm: { ...term, matchLabelKeys: ['rev'] } };
const nodeTerm = {
  matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }],
  matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }],
};
const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodeTerm] },
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: nodeTerm }],
  },
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [term],
    preferredDuringSchedulingIgnoredDuringExecution: [weighted],
  },
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
};
const podSpec = {
  containers: [container],
  initContainers: [
    { name: 'first', image: 'i:1' },
    { name: 'side', image: 'i:1', restartPolicy: 'Always', startupProbe: container.startupProbe },
  ],
  volumes,
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 10,
  dnsPolicy: 'None',
  dnsConfig: {
    nameservers: ['10.0.0.10'],
    searches: ['a.example'],
    options: [{ name: 'ndots', value: '2' }],
  },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  automountServiceAccountToken: false,
  shareProcessNamespace: true,
  securityContext: {
    fsGroup: 1000,
    fsGroupChangePolicy: 'OnRootMismatch',
    supplementalGroups: [1],
    supplementalGroupsPolicy: 'Merge',
    sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }],
    seccompProfile: { type: 'RuntimeDefault' },
    seLinuxChangePolicy: 'MountOption',
  },
  imagePullSecrets: [{ name: 's' }],
  hostname: 'h',
  subdomain: 's',
  affinity,
  schedulerName: 'default-scheduler',
  tolerations: [
    { key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute', tolerationSeconds: 5 },
    { operator: 'Exists' },
  ],
  hostAliases: [{ ip: '10.1.1.1', hostnames: ['a', 'b.example'] }],
  readinessGates: [{ conditionType: 'example.com/ready' }],
  enableServiceLinks: false,
  preemptionPolicy: 'PreemptLowerPriority',
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: selector,
      minDomains: 2,
      nodeAffinityPolicy: 'Honor',
      nodeTaintsPolicy: 'Ignore',
      matchLabelKeys: ['rev'],
    },
  ],
  setHostnameAsFQDN: true,
  os: { name: 'linux' },
} satisfies PodSpec;
const template = { metadata: { labels: { a: 'b', rev: '1' }, annotations: { x: 'y' } }, spec: podSpec };
const { readinessProbe: _, ...plainContainer } = container;
const jobPodSpec = { ...podSpec, containers: [plainContainer], restartPolicy: 'Never' };
const jobSpec = {
  parallelism: 2,
  completions: 3,
  completionMode: 'Indexed',
  backoffLimitPerIndex: 1,
  maxFailedIndexes: 2,
  activeDeadlineSeconds: 100,
  ttlSecondsAfterFinished: 10,
  suspend: true,
  podReplacementPolicy: 'Failed',
  podFailurePolicy: {
    rules: [
      { action: 'FailIndex', onExitCodes: { containerName: 'main', operator: 'In', values: [1, 42] } },
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  },
  successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 1 }] },
  template: { metadata: { labels: { a: 'b' } }, spec: jobPodSpec },
};
const volumeSpec = {
  capacity: { storage: '1Gi' },
  accessModes: ['ReadWriteMany', 'ReadOnlyMany'],
  claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'c', uid: 'u' },
  persistentVolumeReclaimPolicy: 'Retain',
  storageClassName: 'fast',
  mountOptions: ['ro'],
  volumeMode: 'Block',
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
  csi: {
    driver: 'csi.example.com',
    volumeHandle: 'v',
    readOnly: true,
    fsType: 'ext4',
    volumeAttributes: { a: 'b' },
    controllerPublishSecretRef: { name: 's', namespace: 'default' },
  },
};

const full: [resource: Resource, body: object][] = [
  [resources.pods, { metadata: { labels: { a: 'b' } }, spec: podSpec }],
  [resources.podtemplates, { template }],
  [
    resources.replicationcontrollers,
    { spec: { replicas: 2, minReadySeconds: 1, selector: { a: 'b' }, template } },
  ],
  [resources.replicasets, { spec: { replicas: 2, minReadySeconds: 1, selector, template } }],
  [
    resources.deployments,
    {
      spec: {
        replicas: 2,
        selector,
        template,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '50%' } },
        minReadySeconds: 1,
        revisionHistoryLimit: 2,
        paused: true,
        progressDeadlineSeconds: 60,
      },
    },
  ],
  [
    resources.daemonsets,
    {
      spec: {
        selector,
        template,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '50%' } },
        minReadySeconds: 1,
        revisionHistoryLimit: 2,
      },
    },
  ],
  [
    resources.statefulsets,
    {
      spec: {
        replicas: 2,
        selector,
        template: {
          ...template,
          spec: {
            ...podSpec,
            containers: [{ ...container, volumeDevices: [{ name: 'raw', devicePath: '/dev/x' }] }],
          },
        },
        volumeClaimTemplates: [
          { metadata: { name: 'raw', labels: { a: 'b' } }, spec: { ...claimSpec, volumeMode: 'Block' } },
        ],
        serviceName: 's',
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
        revisionHistoryLimit: 2,
        minReadySeconds: 1,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
        ordinals: { start: 3 },
      },
    },
  ],
  [resources.controllerrevisions, { data: { spec: { a: [1] } }, revision: 3 }],
  [resources.jobs, { spec: jobSpec }],
  [
    resources.cronjobs,
    {
      spec: {
        schedule: '*/5 0 1 1 *',
        timeZone: 'Europe/Berlin',
        startingDeadlineSeconds: 20,
        concurrencyPolicy: 'Forbid',
        suspend: true,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 0,
        jobTemplate: { metadata: { labels: { a: 'b' } }, spec: jobSpec },
      },
    },
  ],
  [
    resources.services,
    {
      spec: {
        type: 'LoadBalancer',
        selector: { a: 'b' },
        ports: [
          {
            name: 'http',
            port: 80,
            targetPort: 'http',
            nodePort: 30_080,
            protocol: 'TCP',
            appProtocol: 'http',
          },
          { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
        ],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 100 } },
        externalTrafficPolicy: 'Local',
        internalTrafficPolicy: 'Local',
        healthCheckNodePort: 30_081,
        publishNotReadyAddresses: true,
        ipFamilyPolicy: 'SingleStack',
        ipFamilies: ['IPv4'],
        loadBalancerClass: 'example.com/lb',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        allocateLoadBalancerNodePorts: true,
        trafficDistribution: 'PreferSameZone',
      },
    },
  ],
  [resources.persistentvolumes, { spec: volumeSpec }],
  [resources.persistentvolumeclaims, { spec: { ...claimSpec, volumeName: 'v' } }],
  [
    resources.nodes,
    {
      spec: {
        podCIDR: '10.1.0.0/24',
        podCIDRs: ['10.1.0.0/24'],
        providerID: 'p://1',
        unschedulable: true,
        taints: [
          { key: 'a', value: 'b', effect: 'NoSchedule' },
          { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
        ],
      },
    },
  ],
  [resources.configmaps, { data: { a: 'b' }, binaryData: { c: 'eA==' }, immutable: true }],
  [
    resources.secrets,
    { data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' }, type: 'kubernetes.io/tls', immutable: true },
  ],
  [
    resources.serviceaccounts,
    { secrets: [{ name: 's' }], imagePullSecrets: [{ name: 's' }], automountServiceAccountToken: false },
  ],
  [
    resources.resourcequotas,
    {
      spec: {
        hard: { pods: '1', 'requests.cpu': '1', 'count/jobs.batch': '2' },
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
        },
      },
    },
  ],
  [
    resources.limitranges,
    {
      spec: {
        limits: [
          {
            type: 'Container',
            max: { cpu: '2' },
            min: { cpu: '1m' },
            default: { cpu: '1' },
            defaultRequest: { cpu: '100m' },
            maxLimitRequestRatio: { cpu: '10' },
          },
          { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
        ],
      },
    },
  ],
  [
    resources.endpoints,
    {
      subsets: [
        {
          addresses: [
            { ip: '10.1.0.1', hostname: 'h', nodeName: 'n', targetRef: { kind: 'Pod', name: 'p' } },
          ],
          notReadyAddresses: [{ ip: '10.1.0.2' }],
          ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
        },
      ],
    },
  ],
  [
    resources.namespaces,
    { metadata: { labels: { a: 'b' } }, spec: { finalizers: ['kubernetes', 'example.com/f'] } },
  ],
];

const protections: Record<string, string[]> = {
  persistentvolumeclaims: ['kubernetes.io/pvc-protection'],
  persistentvolumes: ['kubernetes.io/pv-protection'],
};

describe('what makes use of everything is stored as it is sent, and may be sent again', () => {
  test.each(full.map(([resource, body]) => [resource.plural, resource, body] as const))(
    '%s',
    async (_plural, resource, body) => {
      const api = await createTestCluster();
      const metadata = {
        name: 'x',
        // With those that claims and volumes are given.
        finalizers: ['example.com/f', ...(protections[resource.plural] ?? [])],
        ...(resource.namespaced && { namespace: 'default' }),
      };
      const sent: KubernetesObject = {
        ...body,
        metadata: { ...metadata, ...(body as KubernetesObject).metadata },
      };
      const made = await api.object('create', resource, { body: sent });
      expect(made).toMatchObject(sent);
      const again = await api.object('update', resource, { name: 'x', body: made });
      expect(again).toEqual(made);
      const applied = await api.object('patch', resource, {
        name: 'x',
        body: sent,
        mediaType: 'application/merge-patch+json',
      });
      expect(applied).toEqual(made);
      expect(api.warnings.filter((text) => !text.startsWith('v1 Endpoints is deprecated'))).toEqual([]);
    },
  );
});
