import { expect, test } from 'vitest';
import {
  clusterrolebindings,
  clusterroles,
  customresourcedefinitions,
} from '../../../api/generated/resources.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../../api/rbac/v1.ts';
import type { KubernetesObject, Resource } from '../../../api/resource.ts';
import type { AdmissionAttributes } from '../../admission/admission.ts';
import { RbacAuthorizer } from '../rbac/rbac-authorizer.ts';
import { RoleIndex } from '../rbac/role-index.ts';
import { testReader } from '../testing-reader.ts';
import { escalationCheck } from './role-escalation.ts';

const all: PolicyRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
const editRoles: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles/x'] },
];
const reads: PolicyRule[] = [{ verbs: ['get'], apiGroups: ['*'], resources: ['*'] }];
const allUrls: PolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };

const role = (name: string, rules: PolicyRule[], more: Partial<ClusterRole> = {}): ClusterRole => ({
  kind: 'ClusterRole',
  apiVersion: 'rbac.authorization.k8s.io/v1',
  rules,
  ...more,
  metadata: { name, uid: 'u', resourceVersion: '5', ...more.metadata },
});

const binding = (name: string, roleName: string, more: Partial<ClusterRoleBinding> = {}) => ({
  subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
  roleRef: { kind: 'ClusterRole', name: roleName, apiGroup: 'rbac.authorization.k8s.io' },
  ...more,
  metadata: { name, ...more.metadata },
});

/** What is said of a write of somebody who holds these rules. */
async function said(
  held: PolicyRule[],
  change: { resource?: Resource; object: object; old?: object; verb?: string },
): Promise<string> {
  const reader = testReader();
  reader.put(clusterroles, role('held', held));
  reader.put(clusterroles, role('root', [...all, allUrls]));
  reader.put(clusterrolebindings, binding('janes', 'held'));
  const index = new RoleIndex(reader);
  const rbac = new RbacAuthorizer(index);
  const resource = change.resource ?? (clusterroles as Resource);
  const attributes = {
    kind: { resource },
    operation: change.old ? 'UPDATE' : 'CREATE',
    verb: change.verb ?? (change.old ? 'update' : 'create'),
    namespace: '',
    name: 'x',
    object: change.object as KubernetesObject,
    old: change.old,
    context: { user: { name: 'jane', groups: [] } },
  } as unknown as AdmissionAttributes;
  try {
    await escalationCheck({ authorizer: rbac, rbac, index }).validate?.(attributes);
    return 'allowed';
  } catch (error) {
    return (error as Error).message.replace(/^.* is forbidden: /, '').replace(/:\n.*$/s, '');
  }
}

const notHeld = 'user "jane" (groups=[]) is attempting to grant RBAC permissions not currently held';
const notAll = 'must have cluster-admin privileges to use the aggregationRule';
const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
const aggregationRule = { clusterRoleSelectors: [{ matchLabels: labels }] };

test('a role that says more than its writer may is not labelled either, so that other roles would take it in', async () => {
  const old = role('x', all);
  const labelled = role('x', all, { metadata: { labels } });
  expect(await said(editRoles, { object: labelled, old })).toBe(notHeld);
  expect(await said(all, { object: labelled, old })).toBe('allowed');
  const escalate = { verbs: ['escalate'], apiGroups: ['*'], resources: ['clusterroles'] };
  expect(await said([escalate], { object: labelled, old })).toBe('allowed');
  const own = { metadata: { labels } };
  expect(await said(editRoles, { object: role('x', editRoles, own), old: role('x', editRoles) })).toBe(
    'allowed',
  );
});

test('who may write more than they have into roles of some names makes none by a path without a name', async () => {
  const escalate = {
    verbs: ['escalate'],
    apiGroups: ['*'],
    resources: ['clusterroles'],
    resourceNames: ['x'],
  };
  const object = role('x', all);
  expect(await said([escalate], { object })).toBe(notHeld);
  expect(await said([escalate], { object, verb: 'patch' })).toBe('allowed');
  expect(await said([escalate], { object, old: role('x', []) })).toBe('allowed');
});

test('what the garbage collector writes is nobody\u2019s gain', async () => {
  const old = role('x', all);
  const held = { ownerReferences: [], finalizers: ['foregroundDeletion'], managedFields: [] };
  expect(await said(editRoles, { object: role('x', all, { metadata: held }), old })).toBe('allowed');
});

test('only who may do everything has a role gather others, or stop that and keep what it has', async () => {
  const gathering = role('x', [], { aggregationRule });
  expect(await said(reads, { object: gathering })).toBe(notAll);
  expect(await said([...all, allUrls], { object: gathering })).toBe('allowed');
  expect(await said(reads, { object: role('x', reads), old: role('x', reads, { aggregationRule }) })).toBe(
    notAll,
  );
  const none = { aggregationRule: { clusterRoleSelectors: [] } };
  expect(await said(editRoles, { object: role('x', editRoles, none) })).toBe('allowed');
});

test('a binding to more than its writer may do is not changed at all', async () => {
  const resource = clusterrolebindings as Resource;
  const old = binding('x', 'root');
  expect(await said(editRoles, { resource, object: old })).toBe(notHeld);
  const labelled = binding('x', 'root', { metadata: { labels } });
  expect(await said(editRoles, { resource, object: labelled, old })).toBe(notHeld);
  const bind = { verbs: ['bind'], apiGroups: ['*'], resources: ['clusterroles'], resourceNames: ['root'] };
  expect(await said([bind], { resource, object: labelled, old })).toBe('allowed');
});

test('other resources of the group are none of its business', async () => {
  const resource = { ...customresourcedefinitions, group: 'rbac.authorization.k8s.io', plural: 'foos' };
  expect(await said([], { resource: resource as Resource, object: { metadata: { name: 'x' } } })).toBe(
    'allowed',
  );
});
