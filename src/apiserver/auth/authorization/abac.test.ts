import { describe, expect, test } from 'vitest';
import type { UserInfo } from '../../registry/kind.ts';
import type { Attributes } from '../authorizer.ts';
import { AbacAuthorizer, readAbacPolicies } from './abac.ts';

const user = (name: string, ...groups: string[]): UserInfo => ({
  name,
  groups: groups.length > 0 ? groups : ['system:authenticated'],
});
const [scheduler, alice, chuck] = ['scheduler', 'alice', 'chuck'].map((name) => user(name)) as [
  UserInfo,
  UserInfo,
  UserInfo,
];

interface Asked {
  verb: string;
  resource?: string;
  namespace?: string;
  group?: string;
  path?: string;
}

const attributesOf = ({ verb, resource = '', namespace = '', group = '', path = '' }: Asked): Attributes => ({
  isResource: resource !== '' || namespace !== '',
  verb,
  resource,
  namespace,
  group,
  path,
  version: 'v1',
  subresource: '',
  name: '',
});

const authorizerOf = (lines: string) => new AbacAuthorizer(readAbacPolicies(lines, 'file'));
const verdict = (authorizer: AbacAuthorizer, who: UserInfo, asked: Asked) =>
  authorizer.authorize(who, attributesOf(asked)).verdict;

describe('lines without a version', () => {
  const authorizer = authorizerOf(`{                    "readonly": true, "resource": "events"   }
{"user":"scheduler", "readonly": true, "resource": "pods"     }
{"user":"scheduler",                   "resource": "bindings" }
{"user":"kubelet",   "readonly": true, "resource": "bindings" }
{"user":"kubelet",                     "resource": "events"   }
{"user":"alice",                                              "namespace": "projectCaribou"}
{"user":"bob",       "readonly": true,                        "namespace": "projectCaribou"}
`);

  test.each<[string, UserInfo, Asked, boolean]>([
    ['scheduler reads pods', scheduler, { verb: 'list', resource: 'pods', namespace: 'ns1' }, true],
    ['scheduler reads pods everywhere', scheduler, { verb: 'list', resource: 'pods' }, true],
    ['scheduler writes no pods', scheduler, { verb: 'create', resource: 'pods', namespace: 'ns1' }, false],
    ['scheduler has bindings', scheduler, { verb: 'create', resource: 'bindings' }, true],
    ['alice reads her project', alice, { verb: 'get', resource: 'pods', namespace: 'projectCaribou' }, true],
    ['alice writes what has no name', alice, { verb: 'update', namespace: 'projectCaribou' }, true],
    [
      'alice writes any group',
      alice,
      { verb: 'update', resource: 'foo', namespace: 'projectCaribou', group: 'bar' },
      true,
    ],
    ['alice reads no other project', alice, { verb: 'get', resource: 'pods', namespace: 'ns1' }, false],
    ['anybody reads events', chuck, { verb: 'get', resource: 'events' }, true],
    ['nobody else writes events', chuck, { verb: 'update', resource: 'events' }, false],
    ['nobody else reads pods', chuck, { verb: 'get', resource: 'pods', namespace: 'ns1' }, false],
    ['nobody reads a path', chuck, { verb: 'get', path: '/' }, false],
  ])('%s', (_, who, asked, allowed) => {
    expect(verdict(authorizer, who, asked)).toBe(allowed ? 'allow' : 'none');
  });
});

describe('lines of v1beta1', () => {
  const line = (spec: object) =>
    JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });
  const authorizer = authorizerOf(
    [
      '  # Comment line, after a blank line',
      '',
      line({ user: '*', readonly: true, nonResourcePath: '/api' }),
      line({ user: '*', nonResourcePath: '/custom' }),
      line({ user: '*', nonResourcePath: '/root/*' }),
      line({ user: 'noresource', nonResourcePath: '*' }),
      line({ user: '*', readonly: true, resource: 'events', namespace: '*' }),
      line({ user: 'scheduler', readonly: true, resource: 'pods', namespace: '*' }),
      line({ user: 'alice', resource: '*', namespace: 'projectCaribou' }),
      line({ user: 'apigroupuser', resource: '*', namespace: 'projectAnyGroup', apiGroup: '*' }),
      line({ user: 'apigroupuser', resource: '*', namespace: 'projectXGroup', apiGroup: 'x' }),
    ].join('\n'),
  );

  test.each<[string, UserInfo, Asked, boolean]>([
    ['scheduler reads pods', scheduler, { verb: 'list', resource: 'pods', namespace: 'ns1' }, true],
    ['scheduler writes no pods', scheduler, { verb: 'create', resource: 'pods' }, false],
    ['alice has her project', alice, { verb: 'update', resource: 'x', namespace: 'projectCaribou' }, true],
    [
      'alice has no other group',
      alice,
      { verb: 'get', resource: 'x', namespace: 'projectCaribou', group: 'bar' },
      false,
    ],
    ['anybody reads a path', chuck, { verb: 'get', path: '/api' }, true],
    ['who may read a path may not write it', chuck, { verb: 'create', path: '/api' }, false],
    ['anybody writes a path', chuck, { verb: 'create', path: '/custom' }, true],
    ['a path below one', chuck, { verb: 'get', path: '/root/sub/path' }, true],
    ['not the path itself', chuck, { verb: 'get', path: '/root' }, false],
    ['not a path beside', chuck, { verb: 'get', path: '/custom/x' }, false],
    ['all paths', user('noresource'), { verb: 'get', path: '/any' }, true],
    ['paths are no resources', user('noresource'), { verb: 'get', resource: 'pods' }, false],
    [
      'any group',
      user('apigroupuser'),
      { verb: 'update', resource: 'foo', namespace: 'projectAnyGroup', group: 'y' },
      true,
    ],
    [
      'one group',
      user('apigroupuser'),
      { verb: 'update', resource: 'foo', namespace: 'projectXGroup', group: 'y' },
      false,
    ],
    ['all users are those who showed who they are', user('x', 'y'), { verb: 'get', path: '/api' }, false],
  ])('%s', (_, who, asked, allowed) => {
    expect(verdict(authorizer, who, asked)).toBe(allowed ? 'allow' : 'none');
  });
});

test('who names a user and a group is about that user in that group', () => {
  const authorizer = authorizerOf('{"user":"a","group":"g","resource":"pods"}');
  const asked = { verb: 'get', resource: 'pods' };
  expect(verdict(authorizer, user('a', 'g'), asked)).toBe('allow');
  expect(verdict(authorizer, user('a', 'h'), asked)).toBe('none');
  expect(verdict(authorizer, user('b', 'g'), asked)).toBe('none');
});

test('the rules of a user are those of the lines about it', () => {
  const authorizer = authorizerOf(`{"readonly": true, "resource": "events"}
{"user":"kubelet","readonly": true,"resource":"pods"}
{"user":"kubelet","resource":"events"}
{"group":"a","resource":"bindings"}
{"group":"b","readonly":true,"nonResourcePath":"*"}
{"user":"alice","namespace":"projectCaribou"}`);
  const reads = ['get', 'list', 'watch'];
  expect(authorizer.rulesFor(user('kubelet', 'a', 'b'), 'ns1')).toEqual({
    rules: [
      { verbs: reads, apiGroups: ['*'], resources: ['pods'] },
      { verbs: ['*'], apiGroups: ['*'], resources: ['events'] },
      { verbs: ['*'], apiGroups: ['*'], resources: ['bindings'] },
      { verbs: reads, apiGroups: ['*'], resources: ['*'] },
      { verbs: reads, nonResourceURLs: ['*'] },
    ],
    errors: [],
    incomplete: false,
  });
  expect(authorizer.rulesFor(alice, 'ns1').rules).toEqual([
    { verbs: reads, apiGroups: ['*'], resources: ['events'] },
  ]);
});

test.each([
  ['{"user"', /^error reading policy file file, line 2: {"user": /],
  ['{"user":1}', /line 2: {"user":1}: user must be a string/],
  ['{"readonly":"yes"}', /readonly must be true or false/],
  ['[', /line 2/],
  ['[]', /must be an object/],
  [
    '{"apiVersion":"abac.authorization.kubernetes.io/v1beta2","kind":"Policy","spec":{"user":"a"}}',
    /no kind "Policy" is registered for version "abac.authorization.kubernetes.io\/v1beta2"/,
  ],
  ['{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","spec":{"user":"a"}}', /no kind ""/],
  ['{"kind":"Policies","user":"a"}', /no kind "Policies"/],
  ['{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":[]}', /spec must be/],
])('a file with the line %s is refused', (line, why) => {
  expect(() => readAbacPolicies(`# policies\n${line}\n`, 'file')).toThrow(why);
});
