import { describe, expect, test } from 'vitest';
import type { RequestInfo } from '../request.ts';
import { type AuditRule, AuditRules } from './policy.ts';
import { readAuditPolicy } from './read-policy.ts';
import { sourceIps } from './source-ips.ts';

const jane = { name: 'jane', groups: ['people', 'dev'] };

const info = (more: Partial<RequestInfo>): RequestInfo => ({
  isResource: true,
  verb: 'get',
  path: '',
  prefix: 'api',
  group: '',
  version: 'v1',
  namespace: 'default',
  resource: 'pods',
  subresource: '',
  name: 'web',
  rest: '',
  ...more,
});

const pod = info({});
const podLog = info({ subresource: 'log' });
const role = info({
  group: 'rbac.authorization.k8s.io',
  namespace: '',
  resource: 'clusterroles',
  name: 'edit',
});
const path = info({ isResource: false, path: '/logs/kubelet.log', resource: '', name: '', namespace: '' });

const isRecorded = (request: RequestInfo, rule: Omit<AuditRule, 'level'>) =>
  new AuditRules({ rules: [{ ...rule, level: 'Request' }] }).recordingOf(jane, request).level === 'Request';

describe('a rule', () => {
  test.each<[string, RequestInfo, Omit<AuditRule, 'level'>, boolean]>([
    ['without conditions', path, {}, true],
    ['of a user', pod, { users: ['jane'] }, true],
    ['of another user', pod, { users: ['joe'] }, false],
    ['of a group', pod, { userGroups: ['ops', 'dev'] }, true],
    ['of another group', pod, { userGroups: ['ops'] }, false],
    ['of a verb', pod, { verbs: ['get'] }, true],
    ['of another verb', pod, { verbs: ['create'] }, false],
    ['of a namespace', pod, { namespaces: ['default'] }, true],
    ['of another namespace', pod, { namespaces: ['other'] }, false],
    ['of no namespace, where there is none', role, { namespaces: [''] }, true],
    ['of no namespace, where there is one', pod, { namespaces: [''] }, false],
    ['of namespaces, for a path', path, { namespaces: [''] }, false],
    ['of a resource', pod, { resources: [{ resources: ['pods'] }] }, true],
    ['of a resource, for what is below it', podLog, { resources: [{ resources: ['pods'] }] }, false],
    ['of a subresource', podLog, { resources: [{ resources: ['pods/log'] }] }, true],
    ['of all of a subresource', podLog, { resources: [{ resources: ['*/log'] }] }, true],
    ['of all below a resource', podLog, { resources: [{ resources: ['pods/*'] }] }, true],
    ['of all below a resource, for itself', pod, { resources: [{ resources: ['pods/*'] }] }, true],
    ['of everything', podLog, { resources: [{ resources: ['*'] }] }, true],
    ['of a group of resources', pod, { resources: [{ group: '' }] }, true],
    ['of another group of resources', role, { resources: [{ group: '' }] }, false],
    ['of all groups of resources', role, { resources: [{ group: '*', resources: ['clusterroles'] }] }, true],
    [
      'of a name',
      role,
      { resources: [{ group: role.group, resources: ['clusterroles'], resourceNames: ['edit'] }] },
      true,
    ],
    [
      'of another name',
      role,
      { resources: [{ group: role.group, resources: ['clusterroles'], resourceNames: ['view'] }] },
      false,
    ],
    ['of a path', path, { nonResourceURLs: ['/logs/kubelet.log'] }, true],
    ['of the beginning of a path', path, { nonResourceURLs: ['/metrics', '/logs*'] }, true],
    ['of all paths', path, { nonResourceURLs: ['*'] }, true],
    ['of paths, for a resource', pod, { nonResourceURLs: ['*'] }, false],
    ['of several conditions', pod, { users: ['jane'], verbs: ['create'] }, false],
  ])('%s', (_, request, rule, expected) => {
    expect(isRecorded(request, rule)).toBe(expected);
  });

  test('of users or groups says nothing of who is not known', () => {
    const rules = (rule: object) => new AuditRules({ rules: [{ level: 'Request', ...rule }] });
    expect(rules({ users: ['jane'] }).recordingOf(undefined, pod).level).toBe('None');
    expect(rules({ userGroups: ['dev'] }).recordingOf(undefined, pod).level).toBe('None');
    expect(rules({}).recordingOf(undefined, pod).level).toBe('Request');
  });

  test('that is the first to match decides', () => {
    const rules = new AuditRules({
      rules: [
        { level: 'Metadata', verbs: ['list'] },
        { level: 'RequestResponse', resources: [{ resources: ['pods'] }] },
        { level: 'Request' },
      ],
    });
    expect(rules.recordingOf(jane, pod).level).toBe('RequestResponse');
    expect(rules.recordingOf(jane, path).level).toBe('Request');
  });

  test('omits its own stages and those of the policy, and has the last word on managed fields', () => {
    const rules = new AuditRules({
      omitStages: ['RequestReceived'],
      omitManagedFields: true,
      rules: [
        { level: 'Request', verbs: ['get'], omitStages: ['ResponseStarted'], omitManagedFields: false },
        { level: 'Request' },
      ],
    });
    const got = rules.recordingOf(jane, pod);
    expect([...got.omits]).toEqual(['RequestReceived', 'ResponseStarted']);
    expect(got.omitManagedFields).toBe(false);
    expect(rules.recordingOf(jane, info({ verb: 'list' })).omitManagedFields).toBe(true);
  });
});

describe('a policy file', () => {
  const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
  const read = (text: string) => readAuditPolicy(head + text);

  test('is read', () => {
    const text =
      'omitStages: [RequestReceived]\nrules:\n- level: None\n  nonResourceURLs: ["/healthz*", "*"]\n- level: Metadata';
    expect(read(text)).toEqual({
      omitStages: ['RequestReceived'],
      rules: [{ level: 'None', nonResourceURLs: ['/healthz*', '*'] }, { level: 'Metadata' }],
    });
  });

  test.each([
    ['rules: []', 'loaded illegal policy with 0 rules'],
    ['rules: [{}]', 'rules[0].level: Required value'],
    [
      'rules: [{level: Loud}]',
      'rules[0].level: Unsupported value: "Loud": supported values: "None", "Metadata", "Request", "RequestResponse"',
    ],
    [
      'rules: [{level: None, nonResourceURLs: [logs, "/a*b"]}]',
      `[rules[0].nonResourceURLs[0]: Invalid value: "logs": non-resource URL rules must begin with a '/' character, rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule]`,
    ],
    [
      'rules: [{level: None, resources: [{group: rbac/v1}]}]',
      /^rules\[0\]\.resources\.group: Invalid value: "rbac\/v1": a lowercase RFC 1123 subdomain/,
    ],
    [
      'rules: [{level: None, resources: [{resourceNames: [a]}]}]',
      'rules[0].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
    ],
    [
      'rules: [{level: None, namespaces: [a], nonResourceURLs: [/a]}]',
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      'omitStages: [Later]\nrules: [{level: None}]',
      'omitStages[0]: Invalid value: "Later": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
    ['rules: [{level: None, users: jane}]', 'rules[0].users must be a list'],
    ['rules: [{level: None, users: [1]}]', 'rules[0].users must be a list of strings'],
    ['rules: [null]', 'rules[0] must be an object'],
    ['omitManagedFields: maybe\nrules: [{level: None}]', 'omitManagedFields must be true or false'],
  ])('%s cannot be used', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test('of another version cannot be used', () => {
    const text = 'apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]';
    expect(() => readAuditPolicy(text)).toThrow(
      'unknown group version field audit.k8s.io/v1beta1, Kind=Policy in policy',
    );
  });
});

test('a request comes from the addresses that proxies name, then from that of its connection', () => {
  const from = (headers: Record<string, string>, remoteAddress = '192.0.2.9') =>
    sourceIps({ headers, remoteAddress });
  expect(from({})).toEqual(['192.0.2.9']);
  expect(from({}, '::ffff:192.0.2.9')).toEqual(['192.0.2.9']);
  expect(from({ 'x-forwarded-for': '192.0.2.1, nobody, 192.0.2.2' })).toEqual([
    '192.0.2.1',
    '192.0.2.2',
    '192.0.2.9',
  ]);
  expect(from({ 'x-forwarded-for': '192.0.2.9' })).toEqual(['192.0.2.9']);
  expect(from({ 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1' })).toEqual([
    '192.0.2.1',
    '192.0.2.9',
  ]);
  expect(from({ 'x-real-ip': '192.0.2.3' })).toEqual(['192.0.2.3', '192.0.2.9']);
});
