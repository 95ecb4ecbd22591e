import type { ClusterRole, PolicyRule } from '../../../api/rbac/v1.ts';
import { read, readWrite, rule, urls, write, writeEvents } from './policy-rules.ts';

/*
 * The cluster roles that every cluster has, as the table of upstream's bootstrap policy: names and rules are facts that
 * charts, operators and documentation rely on.
 */

/** A role by name, with the aggregates it is part of. */
export interface BootstrapRole {
  name: string;
  rules: PolicyRule[];
  /** The roles it is added to: some of `admin`, `edit` and `view`. */
  aggregateTo?: string;
  /** The label value of the roles that it is made of. */
  aggregates?: string;
}

const aggregateToAdmin = [
  rule('create', 'authorization', 'localsubjectaccessreviews'),
  rule(readWrite, 'rbac', 'rolebindings roles'),
];

const workloads =
  'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale';

const aggregateToEdit = [
  rule(read, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(write, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(
    write,
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(write, 'apps', `${workloads} statefulsets statefulsets/scale`),
  rule(write, 'autoscaling', 'horizontalpodautoscalers'),
  rule(write, 'batch', 'cronjobs jobs'),
  rule(write, 'extensions', `${workloads} ingresses networkpolicies replicationcontrollers/scale`),
  rule(write, 'policy', 'poddisruptionbudgets'),
  rule(write, 'networking', 'ingresses networkpolicies'),
  rule(readWrite, 'coordination', 'leases'),
  rule(write, 'resource', 'resourceclaims resourceclaimtemplates'),
];

const viewWorkloads =
  'daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status';

const aggregateToView = [
  rule(
    read,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  rule(
    read,
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  rule(read, 'core', 'namespaces'),
  rule(read, 'discovery', 'endpointslices'),
  rule(
    read,
    'apps',
    `controllerrevisions ${viewWorkloads} statefulsets statefulsets/scale statefulsets/status`,
  ),
  rule(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(
    read,
    'extensions',
    `${viewWorkloads} ingresses ingresses/status networkpolicies replicationcontrollers/scale`,
  ),
  rule(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(read, 'networking', 'ingresses ingresses/status networkpolicies'),
  rule(read, 'resource', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

const scheduler = [
  writeEvents,
  rule('create', 'coordination', 'leases'),
  rule('get list update watch', 'coordination', 'leases', 'kube-scheduler'),
  rule(read, 'core', 'nodes'),
  rule('delete get list watch', 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('patch update', 'core', 'pods/status'),
  rule(read, 'core', 'replicationcontrollers services'),
  rule(read, 'apps extensions', 'replicasets'),
  rule(read, 'apps', 'statefulsets'),
  rule(read, 'policy', 'poddisruptionbudgets'),
  rule(read, 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('create', 'authentication', 'tokenreviews'),
  rule('create', 'authorization', 'subjectaccessreviews'),
  rule(read, 'storage', 'csinodes'),
  rule(read, 'core', 'namespaces'),
  rule(read, 'storage', 'csidrivers'),
  rule(read, 'storage', 'csistoragecapacities'),
  rule(read, 'resource', 'deviceclasses'),
  rule('get list patch update watch', 'resource', 'resourceclaims'),
  rule('get list patch update watch', 'resource', 'resourceclaims/status'),
  rule('patch update', 'resource', 'resourceclaims/binding'),
  rule('get list patch update watch', 'core', 'pods/finalizers'),
  rule(read, 'resource', 'resourceslices'),
  rule('create delete', 'resource', 'resourceclaims'),
  rule(read, 'storage', 'volumeattachments'),
];

const controllerManager = [
  writeEvents,
  rule('create', 'coordination', 'leases'),
  rule('get list update watch', 'coordination', 'leases', 'kube-controller-manager'),
  rule('create', 'core', 'secrets serviceaccounts'),
  rule('delete', 'core', 'secrets'),
  rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  rule('update', 'core', 'secrets serviceaccounts'),
  rule('create', 'authentication', 'tokenreviews'),
  rule('create', 'authorization', 'subjectaccessreviews'),
  rule('list watch', '*', '*'),
  rule('create', 'core', 'serviceaccounts/token'),
];

const node = [
  rule('create', 'authentication', 'tokenreviews'),
  rule('create', 'authorization', 'localsubjectaccessreviews subjectaccessreviews'),
  rule(read, 'core', 'services'),
  rule('create get list watch', 'core', 'nodes'),
  rule('patch update', 'core', 'nodes/status'),
  rule('patch update', 'core', 'nodes'),
  writeEvents,
  rule(read, 'core', 'pods'),
  rule('create delete', 'core', 'pods'),
  rule('patch update', 'core', 'pods/status'),
  rule('create', 'core', 'pods/eviction'),
  rule(read, 'core', 'configmaps secrets'),
  rule('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('get', 'core', 'endpoints'),
  rule('create get list watch', 'certificates', 'certificatesigningrequests'),
  rule('create delete get patch update', 'coordination', 'leases'),
  rule('get', 'storage', 'volumeattachments'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule('get patch update', 'core', 'persistentvolumeclaims/status'),
  rule(read, 'storage', 'csidrivers'),
  rule('create delete get patch update', 'storage', 'csinodes'),
  rule(read, 'node', 'runtimeclasses'),
  rule('get', 'resource', 'resourceclaims'),
  rule('create delete deletecollection get list patch update watch', 'resource', 'resourceslices'),
  rule('get', 'core', 'serviceaccounts'),
];

const nodeProxier = [
  rule('list watch', 'core', 'endpoints services'),
  rule(read, 'core', 'nodes'),
  writeEvents,
  rule('list watch', 'discovery', 'endpointslices'),
  rule('list watch', 'networking', 'servicecidrs'),
];

const health = '/healthz /livez /readyz';

const approver = (signer: string): BootstrapRole => ({
  name: `system:certificates.k8s.io:${signer}-approver`,
  rules: [rule('approve', 'certificates', 'signers', `kubernetes.io/${signer}`)],
});

export const bootstrapRoles: readonly BootstrapRole[] = [
  { name: 'admin', rules: [], aggregates: 'admin' },
  { name: 'edit', rules: [], aggregates: 'edit', aggregateTo: 'admin' },
  { name: 'view', rules: [], aggregates: 'view', aggregateTo: 'edit' },
  { name: 'cluster-admin', rules: [rule('*', '*', '*'), urls('*', '*')] },
  { name: 'system:aggregate-to-admin', rules: aggregateToAdmin, aggregateTo: 'admin' },
  { name: 'system:aggregate-to-edit', rules: aggregateToEdit, aggregateTo: 'edit' },
  { name: 'system:aggregate-to-view', rules: aggregateToView, aggregateTo: 'view' },
  // Upstream's comes with the metrics server.
  {
    name: 'system:aggregated-metrics-reader',
    rules: [rule(read, 'metrics', 'nodes pods')],
    aggregateTo: 'admin edit view',
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('create', 'authentication', 'tokenreviews'),
      rule('create', 'authorization', 'subjectaccessreviews'),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      rule('create', 'authorization', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      rule('create', 'authentication', 'selfsubjectreviews'),
    ],
  },
  ...['nodeclient', 'selfnodeclient'].map((kind) => ({
    name: `system:certificates.k8s.io:certificatesigningrequests:${kind}`,
    rules: [rule('create', 'certificates', `certificatesigningrequests/${kind}`)],
  })),
  ...['kube-apiserver-client', 'kube-apiserver-client-kubelet', 'kubelet-serving', 'legacy-unknown'].map(
    approver,
  ),
  {
    name: 'system:discovery',
    rules: [
      urls('get', `/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/`),
    ],
  },
  {
    name: 'system:heapster',
    rules: [rule(read, 'core', 'events namespaces nodes pods'), rule(read, 'extensions', 'deployments')],
  },
  { name: 'system:kube-aggregator', rules: [rule(read, 'core', 'endpoints services')] },
  { name: 'system:kube-controller-manager', rules: controllerManager },
  {
    name: 'system:kube-dns',
    rules: [
      rule('list watch', 'core', 'endpoints services'),
      rule('list watch', 'discovery', 'endpointslices'),
    ],
  },
  { name: 'system:kube-scheduler', rules: scheduler },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      rule(read, 'core', 'nodes'),
      rule('proxy', 'core', 'nodes'),
      rule(
        '*',
        'core',
        'nodes/checkpoint nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats',
      ),
    ],
  },
  {
    name: 'system:monitoring',
    rules: [
      urls('get', `/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*`),
      urls('get', '/flagz'),
      urls('get', '/statusz'),
    ],
  },
  { name: 'system:node', rules: node },
  {
    name: 'system:node-bootstrapper',
    rules: [rule('create get list watch', 'certificates', 'certificatesigningrequests')],
  },
  {
    name: 'system:node-problem-detector',
    rules: [rule('get', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), writeEvents],
  },
  { name: 'system:node-proxier', rules: nodeProxier },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      rule('create delete get list watch', 'core', 'persistentvolumes'),
      rule('get list update watch', 'core', 'persistentvolumeclaims'),
      rule(read, 'storage', 'storageclasses'),
      rule('watch', 'core', 'events'),
      writeEvents,
    ],
  },
  { name: 'system:public-info-viewer', rules: [urls('get', `${health} /version /version/`)] },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      urls(
        'get',
        '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
      ),
    ],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      rule('get list patch update watch', 'core', 'persistentvolumes'),
      rule(read, 'storage', 'storageclasses'),
      rule('get list patch update watch', 'core', 'persistentvolumeclaims'),
    ],
  },
];

const labelKey = (name: string) => `rbac.authorization.k8s.io/aggregate-to-${name}`;

/** The marks of objects that are put right at each start. */
export const bootstrapMetadata = {
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
};

/** The rules of a role, those of the roles it aggregates included: what the aggregation controller makes of it. */
function aggregated(role: BootstrapRole, all: readonly BootstrapRole[]): PolicyRule[] {
  if (!role.aggregates) return role.rules;
  const parts = all.filter((part) => targetsOf(part).includes(role.aggregates as string));
  const rules = new Map(parts.flatMap((part) => aggregated(part, all)).map((r) => [JSON.stringify(r), r]));
  return [...rules.values()];
}

const targetsOf = ({ aggregateTo = '' }: BootstrapRole) => aggregateTo.split(' ').filter(Boolean);

/** The object for a role of the table. Aggregated roles come complete, so that they work from the first moment. */
export function clusterRole(role: BootstrapRole, all: readonly BootstrapRole[]): ClusterRole {
  const { annotations, labels } = bootstrapMetadata;
  const partOf = Object.fromEntries(targetsOf(role).map((target) => [labelKey(target), 'true']));
  const selector = role.aggregates && { matchLabels: { [labelKey(role.aggregates)]: 'true' } };
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: role.name, annotations, labels: { ...labels, ...partOf } },
    ...(selector && { aggregationRule: { clusterRoleSelectors: [selector] } }),
    rules: aggregated(role, all),
  };
}
