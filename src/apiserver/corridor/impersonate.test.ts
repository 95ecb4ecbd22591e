import { describe, expect, test } from 'vitest';
import { StatusError } from '../../machinery/status-error.ts';
import type { Attributes, Authorizer } from '../auth/authorizer.ts';
import type { UserInfo } from '../registry/kind.ts';
import { Impersonation } from './impersonate.ts';

const getPod: Attributes = {
  isResource: true,
  verb: 'get',
  group: '',
  version: 'v1',
  namespace: 'ns1',
  resource: 'pods',
  subresource: '',
  name: 'pod-1',
  path: '/api/v1/namespaces/ns1/pods/pod-1',
};

/** What was asked of an authorizer: `verb group/resource/subresource name`, and whether it said yes. */
type Asked = string[];

function authorizerOf(allowed: (a: Attributes, user: UserInfo) => boolean, asked: Asked = []): Authorizer {
  return {
    authorize(user, a) {
      const yes = allowed(a, user);
      const what = a.isResource ? [a.group, a.resource, a.subresource].filter(Boolean).join('/') : a.path;
      asked.push(
        `${yes ? '+' : '-'} ${a.verb} ${a.namespace ? `${a.namespace}:` : ''}${what} ${a.name}`.trim(),
      );
      return yes ? { verdict: 'allow', reason: '' } : { verdict: 'none', reason: 'deny by default' };
    },
  };
}

const sender = (name: string, more: Partial<UserInfo> = {}): UserInfo => ({ name, groups: [], ...more });
const as = (user: string, more: [string, string][] = []) => ['Impersonate-User', user, ...more.flat()];

/** What becomes of a request with these headers, and what was asked for it. */
async function impersonate(
  headers: string[],
  allowed: (a: Attributes, user: UserInfo) => boolean,
  options: { from?: UserInfo; on?: Attributes } = {},
) {
  const asked: Asked = [];
  const impersonation = new Impersonation(authorizerOf(allowed, asked));
  try {
    const found = await impersonation.resolve(
      headers,
      options.from ?? sender('tester'),
      options.on ?? getPod,
    );
    return { ...found, asked };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { message: error.message, code: error.status.code, asked };
  }
}

const onlyOn = (a: Attributes) => a.verb.startsWith('impersonate-on:');
const constrained = (a: Attributes) => a.verb !== 'impersonate';
const legacy = (a: Attributes) => a.verb === 'impersonate';

describe('constrained impersonation', () => {
  test('needs leave for the verb, then for the user, then the old kind is tried', async () => {
    expect(await impersonate(as('anyone'), onlyOn)).toEqual({
      code: 403,
      message:
        'users.authentication.k8s.io "anyone" is forbidden: User "tester" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope: deny by default',
      asked: [
        '+ impersonate-on:user-info:get ns1:pods pod-1',
        '- impersonate:user-info authentication.k8s.io/users anyone',
        '- impersonate users anyone',
      ],
    });
  });

  test('of a user holds for the verbs that are allowed alone', async () => {
    const allowed = (a: Attributes) => constrained(a) && !a.verb.endsWith(':create');
    const found = await impersonate(as('anyone'), allowed);
    expect(found).toMatchObject({
      user: { name: 'anyone', groups: ['system:authenticated'] },
      constraint: 'impersonate:user-info',
    });
    const create = { ...getPod, verb: 'create', name: '' };
    expect(await impersonate(as('anyone'), allowed, { on: create })).toMatchObject({
      code: 403,
      message:
        'pods is forbidden: User "tester" cannot impersonate-on:user-info:create resource "pods" in API group "" in the namespace "ns1": deny by default',
    });
  });

  test('of a service account gives the groups it has', async () => {
    expect(await impersonate(as('system:serviceaccount:default:default'), constrained)).toMatchObject({
      user: {
        name: 'system:serviceaccount:default:default',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      },
      constraint: 'impersonate:serviceaccount',
      asked: [
        '+ impersonate-on:serviceaccount:get ns1:pods pod-1',
        '+ impersonate:serviceaccount default:authentication.k8s.io/serviceaccounts default',
      ],
    });
  });

  test('of a service account or a node with groups of its own is left to the old kind', async () => {
    for (const name of ['system:serviceaccount:default:default', 'system:node:n1']) {
      const headers = as(name, [['Impersonate-Group', 'other']]);
      expect(await impersonate(headers, constrained)).toMatchObject({ code: 403 });
      expect(await impersonate(headers, legacy)).toMatchObject({
        user: { name, groups: ['other', 'system:authenticated'] },
        constraint: '',
      });
    }
  });

  test('of a node gives the group of nodes', async () => {
    expect(await impersonate(as('system:node:node1'), constrained)).toMatchObject({
      user: { name: 'system:node:node1', groups: ['system:nodes', 'system:authenticated'] },
      constraint: 'impersonate:arbitrary-node',
      asked: [
        '+ impersonate-on:arbitrary-node:get ns1:pods pod-1',
        '+ impersonate:arbitrary-node authentication.k8s.io/nodes node1',
      ],
    });
    expect(await impersonate(as('system:node:node1'), onlyOn)).toMatchObject({
      message:
        'nodes.authentication.k8s.io "node1" is forbidden: User "tester" cannot impersonate:arbitrary-node resource "nodes" in API group "authentication.k8s.io" at the cluster scope: deny by default',
    });
  });

  test('of its own node is for service accounts on that node', async () => {
    const extra = { 'authentication.kubernetes.io/node-name': ['node1'] };
    const agent = sender('system:serviceaccount:kube-system:agent', { extra });
    const allowed = (a: Attributes) => a.verb.includes(':associated-node');
    expect(await impersonate(as('system:node:node1'), allowed, { from: agent })).toMatchObject({
      user: { name: 'system:node:node1', groups: ['system:nodes', 'system:authenticated'] },
      constraint: 'impersonate:associated-node',
      asked: [
        '+ impersonate-on:associated-node:get ns1:pods pod-1',
        '+ impersonate:associated-node authentication.k8s.io/nodes *',
      ],
    });
    expect(await impersonate(as('system:node:node2'), allowed, { from: agent })).toMatchObject({ code: 403 });
    const person = sender('somebody', { extra });
    expect(await impersonate(as('system:node:node1'), allowed, { from: person })).toMatchObject({
      code: 403,
    });
  });

  test('asks for the uid, each group and each extra value', async () => {
    const headers = as('jane', [
      ['Impersonate-Uid', 'u1'],
      ['Impersonate-Group', 'dev'],
      ['Impersonate-Extra-Pandas.io%2fScopes', 'a'],
      ['Impersonate-Extra-Pandas.io%2fScopes', 'b'],
    ]);
    expect(await impersonate(headers, constrained)).toEqual({
      user: {
        name: 'jane',
        uid: 'u1',
        groups: ['dev', 'system:authenticated'],
        extra: { 'pandas.io/scopes': ['a', 'b'] },
      },
      constraint: 'impersonate:user-info',
      asked: [
        '+ impersonate-on:user-info:get ns1:pods pod-1',
        '+ impersonate:user-info authentication.k8s.io/users jane',
        '+ impersonate:user-info authentication.k8s.io/uids u1',
        '+ impersonate:user-info authentication.k8s.io/groups dev',
        '+ impersonate:user-info authentication.k8s.io/userextras/pandas.io/scopes a',
        '+ impersonate:user-info authentication.k8s.io/userextras/pandas.io/scopes b',
      ],
    });
  });

  test('never makes a member of system:masters, which the old kind may', async () => {
    const headers = as('jane', [['Impersonate-Group', 'system:masters']]);
    expect(await impersonate(headers, constrained)).toMatchObject({
      message:
        'groups.authentication.k8s.io "system:masters" is forbidden: User "tester" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the system:masters group is not allowed',
    });
    expect(await impersonate(headers, () => true)).toMatchObject({ constraint: '' });
    expect(await impersonate(as('jane', [['Impersonate-Group', '']]), constrained)).toMatchObject({
      message: expect.stringContaining(': impersonating the empty string group is not allowed'),
    });
  });

  test.each([
    [
      'scopes',
      'a',
      'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "scopes": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    ['acme.io/%41', 'a', 'impersonating a non-lowercase key in extra is not allowed: "acme.io/A"'],
    ['acme.io/a', '', 'impersonating the empty string value in extra is not allowed'],
    ['', 'a', 'impersonating the empty string key in extra is not allowed'],
  ])('has no extra %j with value %j', async (key, value, why) => {
    const headers = as('jane', [[`Impersonate-Extra-${key}`, value]]);
    expect((await impersonate(headers, constrained)).message).toBe(
      `userextras.authentication.k8s.io is forbidden: User "tester" cannot impersonate:user-info resource "userextras" in API group "authentication.k8s.io" at the cluster scope: ${why}`,
    );
    expect(await impersonate(headers, () => true)).toMatchObject({ constraint: '' });
  });

  test('asks once for many groups and many extras where all of them are allowed', async () => {
    const groups = ['1', '2', '3', '4'].map((n): [string, string] => ['Impersonate-Group', n]);
    const extras = ['a', 'b', 'c', 'd'].map((v): [string, string] => ['Impersonate-Extra-Acme.io%2fk', v]);
    const headers = as('jane', [...groups, ...extras]);
    expect((await impersonate(headers, constrained)).asked.slice(2)).toEqual([
      '+ impersonate:user-info authentication.k8s.io/groups *',
      '+ impersonate:user-info authentication.k8s.io/userextras/* *',
    ]);
    const named = (a: Attributes) => constrained(a) && a.name !== '*';
    expect((await impersonate(headers, named)).asked.slice(2)).toEqual([
      '- impersonate:user-info authentication.k8s.io/groups *',
      ...['1', '2', '3', '4'].map((n) => `+ impersonate:user-info authentication.k8s.io/groups ${n}`),
      '- impersonate:user-info authentication.k8s.io/userextras/* *',
      ...['a', 'b', 'c', 'd'].map(
        (v) => `+ impersonate:user-info authentication.k8s.io/userextras/acme.io/k ${v}`,
      ),
    ]);
  });

  test('is asked for paths as well', async () => {
    const nothing = { group: '', version: '', namespace: '', resource: '', name: '' };
    const on = { ...getPod, ...nothing, isResource: false, path: '/metrics' };
    expect(await impersonate(as('jane'), () => false, { on })).toMatchObject({
      message:
        'forbidden: User "tester" cannot impersonate-on:user-info:get path "/metrics": deny by default',
    });
  });
});

test('who could impersonate in one way is asked for that way first the next time', async () => {
  const asked: Asked = [];
  const impersonation = new Impersonation(authorizerOf((a) => legacy(a) && a.name !== 'bob', asked));
  const from = sender('tester');
  await impersonation.resolve(as('jane'), from, getPod);
  expect(asked).toEqual(['- impersonate-on:user-info:get ns1:pods pod-1', '+ impersonate users jane']);
  asked.length = 0;
  await impersonation.resolve(as('jane'), from, getPod);
  expect(asked).toEqual(['+ impersonate users jane']);
  await expect(impersonation.resolve(as('bob'), from, getPod)).rejects.toThrow(
    'users "bob" is forbidden: User "tester" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
});

test.each([
  ['Impersonate-Group', 'a', 'UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)'],
  ['Impersonate-Uid', 'u', 'UID:"u", Groups:[]string(nil), Extra:map[string][]string(nil)'],
  ['Impersonate-Extra-B', 'x', 'UID:"", Groups:[]string(nil), Extra:map[string][]string{"b":[]string{"x"}}'],
])('%s without a user is a bad request', async (header, value, rest) => {
  expect(await impersonate([header, value], () => true)).toMatchObject({
    code: 400,
    message: `requested &user.DefaultInfo{Name:"", ${rest}} without impersonating a user name`,
  });
});

test('a name that is nearly a service account’s is a user’s', async () => {
  expect(await impersonate(as('system:serviceaccount:Not_a_namespace:x'), () => true)).toMatchObject({
    user: { groups: ['system:authenticated'] },
    constraint: 'impersonate:user-info',
  });
});

test('attempts and what was asked for them are counted', async () => {
  const impersonation = new Impersonation(authorizerOf(legacy));
  await impersonation.resolve(as('jane'), sender('tester'), getPod);
  const values = Object.fromEntries(
    impersonation.metrics.map(({ name, values }) => [
      name,
      values().map(({ labels, value }) => [labels.mode, labels.decision, value]),
    ]),
  );
  expect(values).toEqual({
    apiserver_impersonation_attempts_total: [['legacy', 'allowed', 1]],
    apiserver_impersonation_authorization_attempts_total: [
      ['user-info', 'denied', 1],
      ['legacy', 'allowed', 1],
    ],
  });
});
