import type { ClusterRoleBinding, Role, RoleBinding, Subject } from '../../../api/rbac/v1.ts';
import { bootstrapMetadata } from './cluster-roles.ts';
import { controllerRules } from './controller-roles.ts';
import { read, rule, writeEvents } from './policy-rules.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';

const user = (name: string): Subject => ({ kind: 'User', apiGroup, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup, name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

const authenticated = group('system:authenticated');
const unauthenticated = group('system:unauthenticated');

/** Cluster roles and who has them. */
const bound: readonly [string, ...Subject[]][] = [
  ['cluster-admin', group('system:masters')],
  ['system:monitoring', group('system:monitoring')],
  ['system:discovery', authenticated],
  ['system:basic-user', authenticated],
  ['system:public-info-viewer', authenticated, unauthenticated],
  ['system:node-proxier', user('system:kube-proxy')],
  ['system:kube-controller-manager', user('system:kube-controller-manager')],
  ['system:kube-dns', account('kube-dns')],
  ['system:kube-scheduler', user('system:kube-scheduler')],
  ['system:volume-scheduler', user('system:kube-scheduler')],
  ['system:service-account-issuer-discovery', group('system:serviceaccounts')],
  // Nobody, as upstream: nodes are the node authorizer's.
  ['system:node'],
  ...Object.keys(controllerRules).map((name): [string, Subject] => [
    `system:controller:${name}`,
    account(name),
  ]),
];

function clusterBinding([role, ...subjects]: [string, ...Subject[]]): ClusterRoleBinding {
  const roleRef = { apiGroup, kind: 'ClusterRole', name: role };
  const metadata = { name: role, ...bootstrapMetadata };
  return { apiVersion, kind: 'ClusterRoleBinding', metadata, subjects, roleRef };
}

export const bootstrapClusterBindings: readonly ClusterRoleBinding[] = bound.map(([role, ...subjects]) =>
  clusterBinding([role, ...subjects]),
);

const localRole = (namespace: string, name: string, rules: Role['rules']): Role => ({
  apiVersion,
  kind: 'Role',
  metadata: { namespace, name, ...bootstrapMetadata },
  rules,
});

const localBinding = (namespace: string, role: string, subjects: Subject[], name = role): RoleBinding => ({
  apiVersion,
  kind: 'RoleBinding',
  metadata: { namespace, name, ...bootstrapMetadata },
  subjects,
  roleRef: { apiGroup, kind: 'Role', name: role },
});

const authenticationReader = 'extension-apiserver-authentication-reader';
const leaderLocking = (component: string) => `system::leader-locking-${component}`;
const signer = 'system:controller:bootstrap-signer';
const cloud = 'system:controller:cloud-provider';
const cleaner = 'system:controller:token-cleaner';
const system = 'kube-system';
const managerLease = 'kube-controller-manager';
const schedulerLease = 'kube-scheduler';

export const bootstrapLocalRoles: readonly Role[] = [
  localRole(system, authenticationReader, [
    rule(read, 'core', 'configmaps', 'extension-apiserver-authentication'),
  ]),
  localRole(system, signer, [rule(read, 'core', 'secrets')]),
  localRole(system, cloud, [rule('create get list watch', 'core', 'configmaps')]),
  localRole(system, cleaner, [rule('delete get list watch', 'core', 'secrets'), writeEvents]),
  localRole(system, leaderLocking(managerLease), [
    rule('watch', 'core', 'configmaps'),
    rule('get update', 'core', 'configmaps', managerLease),
    rule('create get list update watch', 'coordination', 'leases'),
  ]),
  localRole(system, leaderLocking(schedulerLease), [
    rule('watch', 'core', 'configmaps'),
    rule('get update', 'core', 'configmaps', schedulerLease),
  ]),
  localRole('kube-public', signer, [
    rule(read, 'core', 'configmaps'),
    rule('update', 'core', 'configmaps', 'cluster-info'),
    writeEvents,
  ]),
];

const manager = user('system:kube-controller-manager');
const scheduler = user('system:kube-scheduler');

export const bootstrapLocalBindings: readonly RoleBinding[] = [
  localBinding(system, authenticationReader, [manager, scheduler], `system::${authenticationReader}`),
  localBinding(system, leaderLocking(managerLease), [
    manager,
    account('kube-controller-manager'),
    account('leader-election-controller'),
  ]),
  localBinding(system, leaderLocking(schedulerLease), [scheduler, account('kube-scheduler')]),
  localBinding(system, signer, [account('bootstrap-signer')]),
  localBinding(system, cloud, [account('cloud-provider')]),
  localBinding(system, cleaner, [account('token-cleaner')]),
  localBinding('kube-public', signer, [account('bootstrap-signer')]),
];
