import type {
  FlowSchema,
  LimitResponse,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  ResourcePolicyRule,
  Subject,
} from '../../../api/flowcontrol/v1.ts';

/** On objects that the server keeps as this version has them. */
export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';

const metadata = (name: string) => ({ name, annotations: { [autoUpdateAnnotation]: 'true' } });

const level = (name: string, spec: PriorityLevelConfigurationSpec): PriorityLevelConfiguration => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'PriorityLevelConfiguration',
  metadata: metadata(name),
  spec,
});

interface Share {
  shares: number;
  lendable: number;
}

function limited(name: string, { shares, lendable }: Share, limitResponse: LimitResponse) {
  return level(name, {
    type: 'Limited',
    limited: { nominalConcurrencyShares: shares, lendablePercent: lendable, limitResponse },
  });
}

const queued = (queues: number, handSize: number): LimitResponse => ({
  type: 'Queue',
  queuing: { queues, handSize, queueLengthLimit: 50 },
});

/** Levels without which no request could be placed. */
export const mandatoryLevels: readonly PriorityLevelConfiguration[] = [
  limited('catch-all', { shares: 5, lendable: 0 }, { type: 'Reject' }),
  level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
];

export const suggestedLevels: readonly PriorityLevelConfiguration[] = [
  limited('system', { shares: 30, lendable: 33 }, queued(64, 6)),
  limited('node-high', { shares: 40, lendable: 25 }, queued(64, 6)),
  limited('leader-election', { shares: 10, lendable: 0 }, queued(16, 4)),
  limited('workload-high', { shares: 40, lendable: 50 }, queued(128, 6)),
  limited('workload-low', { shares: 100, lendable: 90 }, queued(128, 6)),
  limited('global-default', { shares: 20, lendable: 50 }, queued(128, 6)),
];

interface Place {
  level: string;
  precedence: number;
  /** What tells one flow from another; absent: nothing does. */
  by?: 'ByUser' | 'ByNamespace';
}

function schema(name: string, place: Place, rules: PolicyRulesWithSubjects): FlowSchema {
  return {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: metadata(name),
    spec: {
      priorityLevelConfiguration: { name: place.level },
      matchingPrecedence: place.precedence,
      ...(place.by && { distinguisherMethod: { type: place.by } }),
      rules: [rules],
    },
  };
}

const groups = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const everyone = groups('system:unauthenticated', 'system:authenticated');
const kubeSystem: Subject[] = [
  { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } },
];

const all = ['*'];
const anyObject: ResourcePolicyRule = {
  verbs: all,
  apiGroups: all,
  resources: all,
  clusterScope: true,
  namespaces: all,
};
const leases = (verbs: string[]): ResourcePolicyRule => ({
  verbs,
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces: all,
});
const nodes: ResourcePolicyRule = { ...anyObject, apiGroups: [''], resources: ['nodes', 'nodes/status'] };

const anything = (subjects: Subject[]): PolicyRulesWithSubjects => ({
  subjects,
  resourceRules: [anyObject],
  nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
});

/** Schemas that see to it that each request is somebody's. */
export const mandatorySchemas: readonly FlowSchema[] = [
  schema('exempt', { level: 'exempt', precedence: 1 }, anything(groups('system:masters'))),
  schema('catch-all', { level: 'catch-all', precedence: 10_000, by: 'ByUser' }, anything(everyone)),
];

const controllerManager = 'system:kube-controller-manager';
const scheduler = 'system:kube-scheduler';

export const suggestedSchemas: readonly FlowSchema[] = [
  schema(
    'system-nodes',
    { level: 'system', precedence: 500, by: 'ByUser' },
    anything(groups('system:nodes')),
  ),
  schema(
    'system-node-high',
    { level: 'node-high', precedence: 400, by: 'ByUser' },
    { subjects: groups('system:nodes'), resourceRules: [nodes, leases(all)] },
  ),
  schema(
    'probes',
    { level: 'exempt', precedence: 2 },
    {
      subjects: everyone,
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ),
  schema(
    'system-leader-election',
    { level: 'leader-election', precedence: 100, by: 'ByUser' },
    {
      subjects: [...users(controllerManager, scheduler), ...kubeSystem],
      resourceRules: [leases(['get', 'create', 'update'])],
    },
  ),
  schema(
    'kube-controller-manager',
    { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
    anything(users(controllerManager)),
  ),
  schema(
    'kube-scheduler',
    { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
    anything(users(scheduler)),
  ),
  schema(
    'kube-system-service-accounts',
    { level: 'workload-high', precedence: 900, by: 'ByNamespace' },
    anything(kubeSystem),
  ),
  schema(
    'service-accounts',
    { level: 'workload-low', precedence: 9000, by: 'ByUser' },
    anything(groups('system:serviceaccounts')),
  ),
  schema('global-default', { level: 'global-default', precedence: 9900, by: 'ByUser' }, anything(everyone)),
];
