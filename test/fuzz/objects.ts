/*
 * Objects as people write them, one or more of a kind: what the fuzzer starts from. Where a kind is not here, its
 * collection is still asked for.
 */

import { testRequest } from '../../src/apiserver/kinds/certificates/testing.ts';

const selector = { matchLabels: { app: 'web' } };
const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 5 };
const container = {
  name: 'web',
  image: 'registry.example/web:1.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  args: ['--level=2'],
  env: [
    { name: 'A', value: '1' },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
  ],
  ports: [
    { name: 'http', containerPort: 8080 },
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
  ],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '128Mi' } },
  readinessProbe: probe,
  livenessProbe: { exec: { command: ['true'] } },
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  securityContext: { runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
};
const volumes = [
  { name: 'data', emptyDir: { sizeLimit: '1Gi' } },
  {
    name: 'conf',
    projected: { sources: [{ configMap: { name: 'c', items: [{ key: 'a', path: 'a/b' }] } }] },
  },
];
const term = { labelSelector: selector, topologyKey: 'kubernetes.io/hostname' };
const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }],
    },
  },
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }],
  },
};
const podSpec = {
  containers: [container],
  initContainers: [{ name: 'init', image: 'busybox', restartPolicy: 'Always' }],
  volumes,
  affinity,
  tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }],
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
  ],
  terminationGracePeriodSeconds: 5,
  hostAliases: [{ ip: '10.0.0.9', hostnames: ['a.b'] }],
};
const template = { metadata: { labels: { app: 'web' }, annotations: { note: 'x' } }, spec: podSpec };
const onceSpec = { containers: [{ name: 'c', image: 'busybox' }], restartPolicy: 'Never' };
const rule = {
  operations: ['CREATE'],
  apiGroups: ['none.example'],
  apiVersions: ['v1'],
  resources: ['things'],
};
const webhook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://a.example/hook' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [rule],
  matchConditions: [{ name: 'odd', expression: "object.metadata.name.matches('^a+$')" }],
};
const request = Buffer.from(testRequest).toString('base64');
const crdSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 0, maximum: 9, default: 1 },
        name: { type: 'string', pattern: '^[a-z]+(-[a-z]+)*$', maxLength: 20 },
        when: { type: 'string', format: 'date-time' },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        ports: {
          type: 'array',
          items: {
            type: 'object',
            properties: { port: { type: 'integer' }, on: { type: 'boolean' } },
            required: ['port'],
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port'],
        },
        any: { 'x-kubernetes-preserve-unknown-fields': true },
        amount: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      },
      'x-kubernetes-validations': [
        { rule: 'self.size >= 0 && (!has(self.name) || self.name.size() < 20)', message: 'odd size' },
      ],
    },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};
const definition = {
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    names: { plural: 'things', kind: 'Thing', shortNames: ['th'] },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: crdSchema },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
        },
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        selectableFields: [{ jsonPath: '.spec.name' }],
      },
    ],
  },
};
const flowRule = {
  subjects: [{ kind: 'Group', group: { name: 'nobody' } }],
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
};
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }];
const rules = [{ apiGroups: [''], resources: ['pods'], resourceNames: ['a'], verbs: ['get', 'list'] }];
const policyMatch = { resourceRules: [rule] };

/** By plural and group. Names are given where they are not free. */
export const objects: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  'pods.': [{ spec: podSpec }, { spec: onceSpec }],
  'services.': [
    {
      spec: {
        selector: { app: 'web' },
        ports: [
          { name: 'a', port: 80, targetPort: 'http' },
          { name: 'b', port: 81 },
        ],
      },
    },
    { spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }], sessionAffinity: 'ClientIP' } },
    { spec: { type: 'ExternalName', externalName: 'a.example' } },
  ],
  'configmaps.': [{ data: { a: '1', 'b.txt': 'two\nlines' }, binaryData: { c: 'AAEC' } }],
  'secrets.': [{ type: 'Opaque', data: { k: 'djE=' }, stringData: { l: 'v' } }],
  'serviceaccounts.': [{ secrets: [{ name: 's' }] }],
  'namespaces.': [{}],
  'nodes.': [{ spec: { podCIDR: '10.1.0.0/24', taints: [{ key: 'a', effect: 'NoSchedule' }] } }],
  'persistentvolumes.': [
    { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/x' } } },
  ],
  'persistentvolumeclaims.': [
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  ],
  'replicationcontrollers.': [{ spec: { selector: { app: 'web' }, template } }],
  'resourcequotas.': [{ spec: { hard: { pods: '100000', 'requests.cpu': '1000000' } } }],
  'limitranges.': [{ spec: { limits: [{ type: 'Container', default: { cpu: '1' }, max: { cpu: '2' } }] } }],
  'endpoints.': [{ subsets: [{ addresses: [{ ip: '10.0.0.5' }], ports: [{ port: 80 }] }] }],
  'podtemplates.': [{ template }],
  'events.': [
    { involvedObject: { namespace: 'default', kind: 'Pod', name: 'a' }, reason: 'R', type: 'Normal' },
  ],
  'deployments.apps': [
    { spec: { replicas: 2, selector, template, strategy: { rollingUpdate: { maxSurge: '25%' } } } },
  ],
  'replicasets.apps': [{ spec: { replicas: 1, selector, template } }],
  'statefulsets.apps': [{ spec: { replicas: 1, serviceName: 's', selector, template } }],
  'daemonsets.apps': [{ spec: { selector, template } }],
  'controllerrevisions.apps': [{ data: { a: 1 }, revision: 1 }],
  'jobs.batch': [{ spec: { completions: 2, backoffLimit: 1, template: { spec: onceSpec } } }],
  'cronjobs.batch': [
    {
      spec: {
        schedule: '*/5 1-3 * * MON',
        timeZone: 'Europe/Berlin',
        jobTemplate: { spec: { template: { spec: onceSpec } } },
      },
    },
  ],
  'horizontalpodautoscalers.autoscaling': [
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 5,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    },
  ],
  'ingresses.networking.k8s.io': [
    {
      spec: {
        rules: [
          {
            host: 'a.example',
            http: {
              paths: [
                { path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } },
              ],
            },
          },
        ],
        tls: [{ hosts: ['a.example'], secretName: 't' }],
      },
    },
  ],
  'ingressclasses.networking.k8s.io': [{ spec: { controller: 'a.example/b' } }],
  'networkpolicies.networking.k8s.io': [
    {
      spec: {
        podSelector: selector,
        ingress: [
          {
            from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
            ports: [{ port: 80, endPort: 90 }],
          },
        ],
        policyTypes: ['Ingress', 'Egress'],
      },
    },
  ],
  'endpointslices.discovery.k8s.io': [
    {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
      ports: [{ port: 80 }],
    },
  ],
  'poddisruptionbudgets.policy': [{ spec: { minAvailable: '50%', selector } }],
  'leases.coordination.k8s.io': [
    { spec: { holderIdentity: 'a', leaseDurationSeconds: 10, renewTime: '2026-01-01T00:00:00.000000Z' } },
  ],
  'roles.rbac.authorization.k8s.io': [{ rules }],
  'clusterroles.rbac.authorization.k8s.io': [
    { rules: [...rules, { nonResourceURLs: ['/healthz*'], verbs: ['get'] }] },
    { aggregationRule: { clusterRoleSelectors: [selector] }, rules: [] },
  ],
  'rolebindings.rbac.authorization.k8s.io': [{ roleRef, subjects }],
  'clusterrolebindings.rbac.authorization.k8s.io': [{ roleRef, subjects }],
  'storageclasses.storage.k8s.io': [{ provisioner: 'p.example', parameters: { a: 'b' } }],
  'csidrivers.storage.k8s.io': [{ spec: { attachRequired: false } }],
  'volumeattachments.storage.k8s.io': [
    { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
  ],
  'priorityclasses.scheduling.k8s.io': [{ value: 10, description: 'x' }],
  'runtimeclasses.node.k8s.io': [{ handler: 'h', overhead: { podFixed: { cpu: '10m' } } }],
  'certificatesigningrequests.certificates.k8s.io': [
    { spec: { request, signerName: 'a.example/b', usages: ['any'], expirationSeconds: 3600 } },
  ],
  'flowschemas.flowcontrol.apiserver.k8s.io': [
    {
      spec: {
        priorityLevelConfiguration: { name: 'catch-all' },
        matchingPrecedence: 9000,
        distinguisherMethod: { type: 'ByNamespace' },
        rules: [flowRule],
      },
    },
  ],
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': [
    {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 5,
          limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 2, queueLengthLimit: 5 } },
        },
      },
    },
  ],
  'validatingwebhookconfigurations.admissionregistration.k8s.io': [{ webhooks: [webhook] }],
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': [{ webhooks: [webhook] }],
  'validatingadmissionpolicies.admissionregistration.k8s.io': [
    {
      spec: {
        matchConstraints: policyMatch,
        variables: [{ name: 'v', expression: 'object.metadata.?labels.orValue({})' }],
        validations: [
          { expression: "variables.v.all(k, k.startsWith('a'))", messageExpression: "'no ' + string(1)" },
        ],
      },
    },
  ],
  'mutatingadmissionpolicies.admissionregistration.k8s.io': [
    {
      spec: {
        matchConstraints: policyMatch,
        reinvocationPolicy: 'Never',
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}' },
          },
        ],
      },
    },
  ],
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': [
    { spec: { policyName: 'p', validationActions: ['Deny'] } },
  ],
  'customresourcedefinitions.apiextensions.k8s.io': [definition],
  'things.example.com': [
    {
      spec: {
        size: 2,
        name: 'a-b',
        tags: ['x'],
        ports: [{ port: 1 }],
        any: { deep: [1, { a: null }] },
        amount: '3',
      },
    },
  ],
  // Answered at once, and stored nowhere.
  'subjectaccessreviews.authorization.k8s.io': [
    {
      spec: {
        user: 'jane',
        groups: ['g'],
        extra: { a: ['b'] },
        resourceAttributes: { verb: 'get', resource: 'pods', labelSelector: { rawSelector: 'a=b' } },
      },
    },
  ],
  'selfsubjectaccessreviews.authorization.k8s.io': [
    { spec: { nonResourceAttributes: { path: '/x', verb: 'get' } } },
  ],
  'localsubjectaccessreviews.authorization.k8s.io': [
    {
      metadata: { namespace: 'default' },
      spec: { user: 'jane', resourceAttributes: { verb: 'get', namespace: 'default', resource: 'pods' } },
    },
  ],
  'selfsubjectrulesreviews.authorization.k8s.io': [{ spec: { namespace: 'default' } }],
  'tokenreviews.authentication.k8s.io': [{ spec: { token: 'a.b.c', audiences: ['x'] } }],
  'selfsubjectreviews.authentication.k8s.io': [{}],
};
