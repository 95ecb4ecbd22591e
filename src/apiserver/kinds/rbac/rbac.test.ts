import { describe, expect, test } from 'vitest';
import type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from '../../../api/rbac/v1.ts';
import { created, createErrors, row, updateErrors } from '../shared/testing.ts';
import { clusterRoleBindingKind, clusterRoleKind, roleBindingKind, roleKind } from './rbac.ts';

const metadata = { name: 'r', namespace: 'default' };
const role = (...rules: PolicyRule[]): Role => ({ metadata, rules });
const binding = (...subjects: Subject[]): RoleBinding => ({
  metadata,
  roleRef: { kind: 'Role', name: 'r', apiGroup: '' },
  subjects,
});

describe('a role', () => {
  test('says what may be done to what', () => {
    expect(createErrors(roleKind, role({ verbs: [] }))).toEqual([
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ]);
    const named = { verbs: ['get'], apiGroups: [''], resources: ['pods', 'secrets'], resourceNames: ['a'] };
    expect(createErrors(roleKind, role(named))).toEqual([]);
  });

  test('is of paths for the cluster alone', () => {
    const rule = { verbs: ['get'], nonResourceURLs: ['/healthz'] };
    expect(createErrors(roleKind, role(rule))).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
    ]);
    const clusterRole: ClusterRole = { metadata: { name: 'system:x' }, rules: [rule] };
    expect(createErrors(clusterRoleKind, clusterRole)).toEqual([]);
    expect(clusterRoleKind.validateName?.('system:x', false)).toEqual([]);
    expect(clusterRoleKind.validateName?.('a/b', false)).toEqual(["may not contain '/'"]);
  });
});

test('a role that is made of others says of which', () => {
  const made = (aggregationRule: ClusterRole['aggregationRule']): ClusterRole => ({
    metadata: { name: 'r' },
    ...(aggregationRule && { aggregationRule }),
  });
  expect(
    createErrors(clusterRoleKind, made({ clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] })),
  ).toEqual([]);
  expect(createErrors(clusterRoleKind, made({}))).toEqual([
    'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
  ]);
  const matchExpressions = [{ key: 'a', operator: 'Like', values: [] }];
  expect(createErrors(clusterRoleKind, made({ clusterRoleSelectors: [{ matchExpressions }] }))).toEqual([
    'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
    'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.',
  ]);
});

describe('a binding', () => {
  test('fills in the groups of users and roles', () => {
    const { roleRef, subjects } = created(roleBindingKind, binding({ kind: 'User', name: 'jane' }));
    expect(roleRef.apiGroup).toBe('rbac.authorization.k8s.io');
    expect(subjects).toEqual([{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }]);
  });

  test('names those that it is for', () => {
    const subjects = [
      { kind: 'ServiceAccount', name: 'A' },
      { kind: 'Robot', name: 'r' },
      { kind: 'Group', name: '' },
    ];
    const errors = createErrors(roleBindingKind, binding(...subjects));
    expect(errors[0]).toMatch(/^subjects\[0\]\.name: Invalid value: "A": a lowercase RFC 1123 subdomain/);
    expect(errors.slice(1)).toEqual([
      'subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      'subjects[2].name: Required value',
    ]);
  });

  test('of the cluster is to a role of the cluster, and says where accounts are', () => {
    const object = { ...binding({ kind: 'ServiceAccount', name: 'a' }), metadata: { name: 'b' } };
    expect(createErrors(clusterRoleBindingKind, object)).toEqual([
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      'subjects[0].namespace: Required value',
    ]);
  });

  test('grants one role for good', () => {
    const errors = updateErrors(roleBindingKind, binding(), (b) => void (b.roleRef.name = 'admin'));
    expect(errors).toEqual([
      'roleRef: Invalid value: {"kind":"Role","name":"admin","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef',
    ]);
  });

  test('shows to whom', () => {
    const subjects = [
      { kind: 'User', name: 'jane' },
      { kind: 'ServiceAccount', name: 'a', namespace: 'n' },
    ];
    expect(row(roleBindingKind, binding(...subjects))).toMatchObject({
      Role: 'Role/r',
      Users: 'jane',
      Groups: '',
      ServiceAccounts: 'n/a',
    });
  });
});
