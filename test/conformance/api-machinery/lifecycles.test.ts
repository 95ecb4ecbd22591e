import { afterAll, beforeAll } from 'vitest';
import { type ConformanceCluster, startConformanceCluster } from '../support/cluster.ts';
import { showLifecycle } from '../support/lifecycle.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;

beforeAll(async () => {
  cluster = await startConformanceCluster();
});
afterAll(() => cluster?.stop());

const time = '2026-01-02T03:04:05Z';

line('apf-flow-schemas', () =>
  showLifecycle(cluster.api, {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    resource: 'flowschemas',
    kind: 'FlowSchema',
    spec: {
      matchingPrecedence: 10_000,
      priorityLevelConfiguration: { name: 'global-default' },
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'example-e2e-flow-schema' } }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        },
      ],
    },
    specPatch: { matchingPrecedence: 9_999 },
    status: {
      conditions: [
        { type: 'Examined', status: 'False', reason: 'Test', message: 'm', lastTransitionTime: time },
      ],
    },
  }),
);

line('apf-priority-levels', () =>
  showLifecycle(cluster.api, {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    resource: 'prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } },
    },
    specPatch: { limited: { nominalConcurrencyShares: 4 } },
    status: {
      conditions: [
        { type: 'Useful', status: 'True', reason: 'Test', message: 'm', lastTransitionTime: time },
      ],
    },
  }),
);

const constraints = {
  resourceRules: [
    { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
  ],
};

line('policy-lifecycle', () =>
  showLifecycle(cluster.api, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    spec: { matchConstraints: constraints, validations: [{ expression: 'object.spec.replicas <= 5' }] },
    specPatch: { failurePolicy: 'Ignore' },
    status: {
      conditions: [{ type: 'Typed', status: 'True', reason: 'Test', message: 'm', lastTransitionTime: time }],
    },
  }),
);

line('policy-binding-lifecycle', () =>
  showLifecycle(cluster.api, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
    spec: { policyName: 'nothing-there', validationActions: ['Deny'] },
    specPatch: { validationActions: ['Warn', 'Audit'] },
  }),
);
