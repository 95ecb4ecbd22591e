import { describe, expect, test } from 'vitest';
import * as resources from '../../../api/generated/resources.ts';
import type { PolicyRule } from '../../../api/rbac/v1.ts';
import type { Attributes } from '../authorizer.ts';
import { testReader } from '../testing-reader.ts';
import { reconciled } from './bootstrap.ts';
import { bootstrapClusterBindings } from './bootstrap-bindings.ts';
import { bootstrapRoles, clusterRole } from './cluster-roles.ts';
import { controllerRoles } from './controller-roles.ts';
import { RbacAuthorizer } from './rbac-authorizer.ts';
import { RoleIndex } from './role-index.ts';
import { compactRules, formatRule, missingRules, ruleAllows } from './rules.ts';

const on = (more: Partial<Attributes>): Attributes => ({
  isResource: true,
  verb: 'get',
  group: '',
  version: 'v1',
  namespace: '',
  resource: 'pods',
  subresource: '',
  name: '',
  path: '',
  ...more,
});
const rule = (more: Partial<PolicyRule>): PolicyRule => ({
  verbs: ['get'],
  apiGroups: [''],
  resources: ['pods'],
  ...more,
});

describe('a rule', () => {
  test.each<[Partial<PolicyRule>, Partial<Attributes>, boolean]>([
    [{}, {}, true],
    [{}, { verb: 'list' }, false],
    [{ verbs: ['*'] }, { verb: 'anything' }, true],
    [{}, { group: 'apps' }, false],
    [{ apiGroups: ['*'] }, { group: 'apps' }, true],
    [{}, { subresource: 'log' }, false],
    [{ resources: ['pods/log'] }, { subresource: 'log' }, true],
    [{ resources: ['pods/log'] }, {}, false],
    [{ resources: ['*/log'] }, { subresource: 'log' }, true],
    [{ resources: ['*/log'] }, {}, false],
    [{ resources: ['*'] }, { subresource: 'log' }, true],
    [{ resources: ['pods/*'] }, { subresource: 'log' }, false],
    [{ resourceNames: ['a'] }, { name: 'a' }, true],
    [{ resourceNames: ['a'] }, { name: 'b' }, false],
    [{ resourceNames: ['a'] }, { verb: 'get', name: '' }, false],
  ])('%j on %j: %s', (given, asked, allowed) => {
    expect(ruleAllows(rule(given), on(asked))).toBe(allowed);
  });

  test.each([
    ['/healthz', '/healthz', true],
    ['/healthz', '/healthz/ping', false],
    ['/healthz/*', '/healthz/ping', true],
    ['/healthz/*', '/healthz', false],
    ['/health*', '/healthz', true],
    ['*', '/anything', true],
    ['*z', '/healthz', false],
  ])('path %s on %s: %s', (pattern, path, allowed) => {
    const given = { verbs: ['get'], nonResourceURLs: [pattern] };
    expect(ruleAllows(given, on({ isResource: false, path }))).toBe(allowed);
    expect(ruleAllows(given, on({}))).toBe(false);
  });

  test('a path of many stars holds nobody up', () => {
    const stars = '*'.repeat(300_000);
    const given = { verbs: ['get'], nonResourceURLs: [`/${stars}a*`] };
    expect(ruleAllows(given, on({ isResource: false, path: '/b' }))).toBe(false);
    expect(ruleAllows(given, on({ isResource: false, path: `/${stars}ab` }))).toBe(true);
  });
});

describe('covering', () => {
  const missing = (owned: PolicyRule[], wanted: PolicyRule[]) =>
    compactRules(missingRules(owned, wanted)).map(formatRule);

  test('what is held may be granted, alone or in parts', () => {
    const owned = [
      rule({ verbs: ['get', 'list'] }),
      rule({ verbs: ['create'], resources: ['*/scale'], apiGroups: ['*'] }),
    ];
    expect(missing(owned, [rule({ verbs: ['list'] })])).toEqual([]);
    expect(
      missing(owned, [rule({ verbs: ['create'], apiGroups: ['apps'], resources: ['deployments/scale'] })]),
    ).toEqual([]);
    expect(missing([rule({ verbs: ['*'], resources: ['*'], apiGroups: ['*'] })], owned)).toEqual([]);
  });

  test('what is not held is named', () => {
    expect(missing([rule({})], [rule({ verbs: ['get', 'list', 'watch'] })])).toEqual([
      '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
    ]);
    expect(missing([rule({ resourceNames: ['a'] })], [rule({})])).toHaveLength(1);
    expect(missing([rule({ resourceNames: ['a'] })], [rule({ resourceNames: ['a', 'b'] })])).toEqual([
      '{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}',
    ]);
    expect(
      missing(
        [{ verbs: ['get'], nonResourceURLs: ['/api'] }],
        [{ verbs: ['get'], nonResourceURLs: ['/api/*'] }],
      ),
    ).toEqual(['{NonResourceURLs:["/api/*"], Verbs:["get"]}']);
    expect(missing([rule({ verbs: ['get'] })], [rule({ verbs: ['*'] })])).toHaveLength(1);
  });
});

test('a role of more combinations than can be counted holds nobody up', () => {
  const many = (prefix: string) => Array.from({ length: 1000 }, (_, i) => `${prefix}${i}`);
  const huge = { verbs: many('v'), apiGroups: many('g'), resources: many('r'), resourceNames: many('n') };
  expect(() => missingRules([], [huge])).toThrow('limit is 50000 combinations of verbs and resources');
  expect(missingRules([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], [huge])).toEqual([]);
  expect(missingRules([huge], [huge, { ...huge, verbs: ['v1'], resourceNames: ['n1', 'n2'] }])).toEqual([]);
  expect(() => missingRules([huge], [{ ...huge, resourceNames: [] }])).toThrow();
  expect(missingRules([], [{ verbs: many('v'), apiGroups: [''], resources: ['a', 'b'] }])).toHaveLength(1000);
});

describe('the authorizer', () => {
  const apiGroup = 'rbac.authorization.k8s.io';
  const ref = (kind: string, name: string) => ({ apiGroup, kind, name });
  const reader = testReader();
  const rbac = new RbacAuthorizer(new RoleIndex(reader));
  const robot = { name: 'system:serviceaccount:apps:robot', groups: [] };

  test('says through what it allows, follows changes, and tells of roles that are missing', () => {
    const binding = {
      metadata: { name: 'b', namespace: 'apps' },
      roleRef: ref('Role', 'r'),
      subjects: [{ kind: 'ServiceAccount', name: 'robot' }],
    };
    reader.put(resources.rolebindings, binding);
    expect(rbac.authorize(robot, on({ namespace: 'apps' }))).toEqual({
      verdict: 'none',
      reason: 'RBAC: role.rbac.authorization.k8s.io "r" not found',
    });
    reader.put(resources.roles, { metadata: { name: 'r', namespace: 'apps' }, rules: [rule({})] } as never);
    expect(rbac.authorize(robot, on({ namespace: 'apps' }))).toEqual({
      verdict: 'allow',
      reason: 'RBAC: allowed by RoleBinding "b/apps" of Role "r" to ServiceAccount "robot/apps"',
    });
    expect(rbac.authorize(robot, on({ namespace: 'other' })).verdict).toBe('none');
    expect(rbac.authorize(robot, on({})).verdict).toBe('none');
    expect(rbac.authorize({ name: 'robot', groups: [] }, on({ namespace: 'apps' })).verdict).toBe('none');
    expect(rbac.rulesFor(robot, 'apps').rules).toEqual([rule({})]);
    reader.remove(resources.rolebindings, 'b');
    expect(rbac.authorize(robot, on({ namespace: 'apps' })).verdict).toBe('none');
  });

  test('what a binding names more than once it grants once, and as what it names it', () => {
    const [reader, subjects] = [testReader(), [{ kind: 'ServiceAccount', name: 'robot' }]];
    const rbac = new RbacAuthorizer(new RoleIndex(reader));
    const binding = { metadata: { name: 'b', namespace: 'apps' }, roleRef: ref('ClusterRole', 'c') };
    const other = { kind: 'User', name: robot.name };
    reader.put(resources.rolebindings, { ...binding, subjects: [...subjects, ...subjects] } as never);
    reader.put(resources.clusterroles, { metadata: { name: 'c' }, rules: [rule({})] } as never);
    expect(rbac.rulesFor(robot, 'apps').rules).toEqual([rule({})]);
    reader.put(resources.rolebindings, { ...binding, subjects: [other] } as never);
    expect(rbac.authorize(robot, on({ namespace: 'apps' })).reason).toBe(
      `RBAC: allowed by RoleBinding "b/apps" of ClusterRole "c" to User "${robot.name}"`,
    );
    reader.put(resources.clusterroles, {
      metadata: { name: 'c' },
      rules: [rule({ verbs: ['list'] })],
    } as never);
    expect(rbac.authorize(robot, on({ namespace: 'apps' })).verdict).toBe('none');
    expect(rbac.authorize(robot, on({ namespace: 'apps', verb: 'list' })).verdict).toBe('allow');
    reader.remove(resources.clusterroles, 'c');
    expect(rbac.authorize(robot, on({ namespace: 'apps', verb: 'list' })).reason).toBe(
      'RBAC: clusterrole.rbac.authorization.k8s.io "c" not found',
    );
  });

  test('takes in what has changed, however much else there is', () => {
    const reader = testReader();
    const rbac = new RbacAuthorizer(new RoleIndex(reader));
    const put = (name: string, user: string) =>
      reader.put(resources.rolebindings, {
        metadata: { name, namespace: 'apps' },
        roleRef: ref('Role', 'r'),
        subjects: [{ kind: 'User', apiGroup, name: user }],
      } as never);
    const may = (name: string) => rbac.authorize({ name, groups: [] }, on({ namespace: 'apps' })).verdict;
    reader.put(resources.roles, { metadata: { name: 'r', namespace: 'apps' }, rules: [rule({})] } as never);
    for (let i = 0; i < 1000; i++) put(`b${i}`, `u${i}`);
    expect(may('u999')).toBe('allow');
    const before = reader.reads;
    put('b5', 'jane');
    expect([may('jane'), may('u5'), may('u6')]).toEqual(['allow', 'none', 'allow']);
    reader.put(resources.roles, { metadata: { name: 'r', namespace: 'apps' }, rules: [] } as never);
    expect([may('jane'), may('u6')]).toEqual(['none', 'none']);
    expect(reader.reads - before).toBeLessThan(10);
  });

  test('tries the rules of a role once, however many bindings are to it', () => {
    const reader = testReader();
    const rbac = new RbacAuthorizer(new RoleIndex(reader));
    let tries = 0;
    const counted = {
      ...rule({}),
      get verbs() {
        tries++;
        return ['list'];
      },
    };
    reader.put(resources.clusterroles, { metadata: { name: 'c' }, rules: [counted] } as never);
    for (let i = 0; i < 100; i++)
      reader.put(resources.rolebindings, {
        metadata: { name: `b${i}`, namespace: 'apps' },
        roleRef: ref('ClusterRole', 'c'),
        subjects: [{ kind: 'Group', apiGroup, name: 'all' }],
      } as never);
    const { verdict } = rbac.authorize({ name: 'x', groups: ['all'] }, on({ namespace: 'apps' }));
    expect([verdict, tries]).toEqual(['none', 1]);
  });

  test('a binding to a user of the same name as a group grants nothing to the group', () => {
    reader.put(resources.clusterroles, { metadata: { name: 'c' }, rules: [rule({})] } as never);
    reader.put(resources.clusterrolebindings, {
      metadata: { name: 'cb' },
      roleRef: ref('ClusterRole', 'c'),
      subjects: [{ kind: 'User', apiGroup, name: 'dev' }],
    } as never);
    expect(rbac.authorize({ name: 'x', groups: ['dev'] }, on({})).verdict).toBe('none');
    expect(rbac.authorize({ name: 'dev', groups: [] }, on({ namespace: 'any' })).verdict).toBe('allow');
  });
});

describe('the bootstrap policy', () => {
  const all = [...bootstrapRoles, ...controllerRoles];

  test('every binding is to a role of the policy, and every name stands once', () => {
    const names = all.map((role) => role.name);
    expect(new Set(names).size).toBe(names.length);
    for (const binding of bootstrapClusterBindings) expect(names).toContain(binding.roleRef.name);
  });

  test('every controller that upstream has by default has its role, also where it does not run', () => {
    const upstream = [
      'attachdetach-controller certificate-controller clusterrole-aggregation-controller cronjob-controller',
      'daemon-set-controller deployment-controller device-taint-eviction-controller disruption-controller',
      'endpoint-controller endpointslice-controller endpointslicemirroring-controller expand-controller',
      'ephemeral-volume-controller generic-garbage-collector horizontal-pod-autoscaler job-controller',
      'legacy-service-account-token-cleaner namespace-controller node-controller persistent-volume-binder',
      'pod-garbage-collector pv-protection-controller pvc-protection-controller replicaset-controller',
      'replication-controller resource-claim-controller resourcequota-controller root-ca-cert-publisher',
      'route-controller selinux-warning-controller service-account-controller service-cidrs-controller',
      'service-controller statefulset-controller ttl-after-finished-controller ttl-controller',
      'validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller',
    ];
    const names = upstream.flatMap((line) => line.split(' ')).map((name) => `system:controller:${name}`);
    expect(controllerRoles.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  test('who may view may not see secrets; who may edit may not touch roles', () => {
    const rulesOf = (name: string) =>
      clusterRole(all.find((r) => r.name === name) as never, all).rules as PolicyRule[];
    const may = (role: string, asked: Partial<Attributes>) =>
      rulesOf(role).some((r) => ruleAllows(r, on(asked)));
    expect(may('view', { resource: 'configmaps' })).toBe(true);
    expect(may('view', { resource: 'secrets' })).toBe(false);
    expect(may('edit', { resource: 'secrets' })).toBe(true);
    expect(may('edit', { resource: 'pods', subresource: 'exec', verb: 'create' })).toBe(true);
    expect(may('edit', { resource: 'roles', group: 'rbac.authorization.k8s.io', verb: 'create' })).toBe(
      false,
    );
    expect(may('admin', { resource: 'roles', group: 'rbac.authorization.k8s.io', verb: 'create' })).toBe(
      true,
    );
    expect(may('admin', { resource: 'nodes' })).toBe(false);
  });

  test('what an administrator added stays, what was taken away comes back, unless updates are off', () => {
    const want = clusterRole({ name: 'x', rules: [rule({}), rule({ verbs: ['list'] })] }, []);
    const found = { ...want, rules: [rule({ verbs: ['delete'] }), rule({})] } as never;
    expect(reconciled(found, want)).toMatchObject({
      rules: [rule({ verbs: ['delete'] }), rule({}), rule({ verbs: ['list'] })],
    });
    expect(reconciled(want as never, want)).toBeUndefined();
    const off = { ...want, metadata: { ...want.metadata, annotations: {} }, rules: [] } as never;
    expect(reconciled(off, want)).toBeUndefined();
  });
});

test('who may edit a namespace does not say where traffic goes (CVE-2021-25740)', () => {
  const edit = bootstrapRoles.find(({ name }) => name === 'system:aggregate-to-edit')?.rules ?? [];
  for (const verb of ['create', 'update', 'patch']) {
    const endpoints = on({ verb, namespace: 'a', resource: 'endpoints' });
    const slices = on({ verb, namespace: 'a', group: 'discovery.k8s.io', resource: 'endpointslices' });
    expect([endpoints, slices].map((asked) => edit.some((one) => ruleAllows(one, asked)))).toEqual([
      false,
      false,
    ]);
    expect(edit.some((one) => ruleAllows(one, on({ verb, namespace: 'a', resource: 'services' })))).toBe(
      true,
    );
  }
});
