import { expect, test } from 'vitest';
import type { FlowSchema, PolicyRulesWithSubjects } from '../../api/flowcontrol/v1.ts';
import { parseRequestInfo, splitTarget } from '../corridor/request-info.ts';
import { mandatorySchemas, suggestedSchemas } from '../kinds/flowcontrol/bootstrap.ts';
import { inMatchingOrder, matchesRules, rulesFor } from './match.ts';

const user = (name: string, ...groups: string[]) => ({ name, groups: [...groups, 'system:authenticated'] });

function asked(method: string, target: string) {
  const { path, query } = splitTarget(target);
  return parseRequestInfo(method, path, query);
}

/** The first of the schemas that every cluster has. */
function schemaOf(who: ReturnType<typeof user>, method: string, target: string): string | undefined {
  const info = asked(method, target);
  const all = inMatchingOrder([...mandatorySchemas, ...suggestedSchemas]);
  return all.find((schema) => matchesRules(info, rulesFor(schema, who)))?.metadata.name;
}

const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a';
const pods = '/api/v1/namespaces/default/pods';

test.each([
  [user('root', 'system:masters'), 'GET', pods, 'exempt'],
  [user('jane'), 'GET', '/readyz', 'probes'],
  [user('jane'), 'GET', '/readyz/ping', 'probes'],
  [user('jane'), 'POST', '/readyz', 'global-default'],
  [user('system:kube-scheduler'), 'PUT', lease, 'system-leader-election'],
  [user('system:kube-scheduler'), 'DELETE', lease, 'kube-scheduler'],
  [user('system:node:a', 'system:nodes'), 'PUT', lease, 'system-node-high'],
  [user('system:node:a', 'system:nodes'), 'PATCH', '/api/v1/nodes/a/status', 'system-node-high'],
  [user('system:node:a', 'system:nodes'), 'GET', pods, 'system-nodes'],
  [user('system:kube-controller-manager'), 'GET', pods, 'kube-controller-manager'],
  [
    user('system:serviceaccount:kube-system:a', 'system:serviceaccounts'),
    'GET',
    pods,
    'kube-system-service-accounts',
  ],
  [user('system:serviceaccount:kube-systems:a', 'system:serviceaccounts'), 'GET', pods, 'service-accounts'],
  [user('jane'), 'GET', pods, 'global-default'],
  [user('jane'), 'GET', '/metrics', 'global-default'],
])('%o %s %s', (who, method, target, schema) => {
  expect(schemaOf(who, method, target)).toBe(schema);
});

const matches = (rules: PolicyRulesWithSubjects, method: string, target: string, who = user('jane')) =>
  matchesRules(
    asked(method, target),
    rulesFor({ metadata: {}, spec: { rules: [rules] } } as FlowSchema, who),
  );

const about = (more: object): PolicyRulesWithSubjects => ({
  subjects: [{ kind: 'User', user: { name: 'jane' } }],
  resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['a'], ...more }],
});

test('each part of a rule counts', () => {
  const one = '/api/v1/namespaces/a/pods/x';
  expect(matches(about({}), 'GET', one)).toBe(true);
  expect(matches(about({}), 'GET', one, user('joe'))).toBe(false);
  expect(matches(about({}), 'DELETE', one)).toBe(false);
  expect(matches(about({}), 'GET', `${one}/status`)).toBe(false);
  expect(matches(about({ resources: ['pods/status'] }), 'GET', `${one}/status`)).toBe(true);
  expect(matches(about({}), 'GET', '/api/v1/namespaces/b/pods/x')).toBe(false);
  expect(matches(about({ verbs: ['*'] }), 'GET', '/api/v1/pods')).toBe(false);
  expect(matches(about({ verbs: ['list'], clusterScope: true }), 'GET', '/api/v1/pods')).toBe(true);
  expect(matches(about({ apiGroups: ['apps'] }), 'GET', one)).toBe(false);
  // An asterisk stands for everything only where it stands alone.
  expect(matches(about({ verbs: ['*', 'delete'] }), 'GET', one)).toBe(false);
});

test('of the same precedence the first by name', () => {
  const named = (name: string, matchingPrecedence?: number) =>
    ({ metadata: { name }, spec: { matchingPrecedence } }) as FlowSchema;
  const ordered = inMatchingOrder([named('c', 5), named('b'), named('a'), named('d', 2000)]);
  expect(ordered.map(({ metadata }) => metadata.name)).toEqual(['c', 'a', 'b', 'd']);
});
