import { describe, expect, test } from 'vitest';
import { readAuthorizationConfiguration } from './configuration.ts';
import { compileMatchConditions } from './match-conditions.ts';

const means = {
  fileError: async (path: string) => (path === '/missing' ? 'error loading file: none' : undefined),
  compile: async (expressions: readonly string[], path: string) => compileMatchConditions(expressions, path),
};
const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration' };
const read = (authorizers: unknown, more: object = {}) =>
  readAuthorizationConfiguration({ ...head, authorizers, ...more }, means);

const good = {
  timeout: '5s',
  authorizedTTL: '60s',
  unauthorizedTTL: '30s',
  failurePolicy: 'NoOpinion',
  subjectAccessReviewVersion: 'v1',
  matchConditionSubjectAccessReviewVersion: 'v1',
  connectionInfo: { type: 'InClusterConfig' },
};
const webhook = (more: object = {}, name = 'default') => ({
  type: 'Webhook',
  name,
  webhook: { ...good, ...more },
});

describe('a configuration', () => {
  test.each(['v1', 'v1beta1', 'v1alpha1'])('of %s is read with its defaults', async (version) => {
    const apiVersion = `apiserver.config.k8s.io/${version}`;
    const told = { ...good, authorizedTTL: undefined, unauthorizedTTL: undefined };
    const chain = await read(
      [webhook({}, 'one'), { type: 'Webhook', name: 'two', webhook: told }, { type: 'Node', name: 'node' }],
      { apiVersion },
    );
    expect(chain).toMatchObject([
      { type: 'Webhook', name: 'one', webhook: { timeoutMs: 5000, authorizedTtlMs: 60_000 } },
      { name: 'two', webhook: { authorizedTtlMs: 300_000, unauthorizedTtlMs: 30_000 } },
      { type: 'Node', name: 'node' },
    ]);
  });

  test('may say that answers are not remembered', async () => {
    const more = { cacheAuthorizedRequests: false, cacheUnauthorizedRequests: false };
    const [one] = await read([webhook(more)]);
    expect(one?.webhook).toMatchObject({ authorizedTtlMs: 0, unauthorizedTtlMs: 0 });
  });

  test.each(['cacheAuthorizedRequests', 'cacheUnauthorizedRequests'])(
    'says so by a value, not by a text: %s',
    async (field) => {
      await expect(read([webhook({ [field]: 'false' })])).rejects.toThrow(`${field} must be true or false`);
    },
  );

  test.each<[string, object, string]>([
    ['no apiVersion', { apiVersion: undefined }, "Object 'apiVersion' is missing"],
    ['no kind', { kind: undefined }, "Object 'Kind' is missing"],
    ['another group', { apiVersion: 'apps/v1' }, 'is registered for version "apps/v1"'],
    ['a later version', { apiVersion: 'apiserver.config.k8s.io/v99' }, 'apiserver.config.k8s.io/v99'],
    ['another kind', { kind: 'SomeConfiguration' }, 'no kind "SomeConfiguration" is registered'],
    ['an unknown field', { authorzers: [] }, 'strict decoding error: unknown field "authorzers"'],
  ])('with %s is refused', async (_, more, why) => {
    await expect(read([], more)).rejects.toThrow(why);
  });

  test.each<[object, string]>([
    [{ ttl: '1s' }, 'ttl'],
    [{ connectionInfo: { type: 'InClusterConfig', file: 'f' } }, 'connectionInfo.file'],
    [{ matchConditions: [{ expression: 'true', name: 'n' }] }, 'matchConditions[0].name'],
  ])('with an unknown field of a webhook is refused: %o', async (more, field) => {
    await expect(read([webhook(more)])).rejects.toThrow(`unknown field "authorizers[0].webhook.${field}"`);
  });

  const at = 'authorizers[0]';
  test.each<[string, unknown[], string]>([
    [
      'atleast one authorizer should be defined',
      [],
      'authorizers: Required value: at least one authorization mode must be defined',
    ],
    ['type and name are required if an authorizer is defined', [{}], `${at}.type: Required value`],
    [
      'authorizer names should be of non-zero length',
      [{ type: 'Node', name: '' }],
      `${at}.name: Required value`,
    ],
    [
      'authorizer names should be unique',
      [webhook({}, 'foo'), webhook({}, 'foo')],
      'authorizers[1].name: Duplicate value: "foo"',
    ],
    [
      'authorizer names should not be invalid DNS1123 labels or subdomains',
      [webhook({}, 'FOO.example.domain')],
      `${at}.name: Invalid value: "FOO.example.domain": authorizer name is invalid: a lowercase RFC 1123 subdomain`,
    ],
    [
      'configuration with unknown types',
      [{ type: 'Foo' }],
      `${at}.type: Unsupported value: "Foo": supported values: "ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"`,
    ],
    [
      'configuration with not repeatable types',
      [
        { type: 'Node', name: 'node' },
        { type: 'Node', name: 'other' },
      ],
      'authorizers[1].type: Duplicate value: "Node"',
    ],
    [
      'when type=Webhook, webhook needs to be defined',
      [{ type: 'Webhook', name: 'w' }],
      `${at}.webhook: Required value: required when type=Webhook`,
    ],
    [
      'when type!=Webhook, webhooks needs to be nil',
      [{ type: 'Node', name: 'node', webhook: {} }],
      `${at}.webhook: Invalid value: "non-null": may only be specified when type=Webhook`,
    ],
    ['timeout should be specified', [webhook({ timeout: undefined })], `${at}.timeout: Required value`],
    ["timeout shouldn't be zero", [webhook({ timeout: '0s' })], `${at}.timeout: Required value`],
    [
      "timeout shouldn't be negative",
      [webhook({ timeout: '-30s' })],
      `${at}.timeout: Invalid value: "-30s": must be > 0s and <= 30s`,
    ],
    [
      "timeout shouldn't be greater than 30seconds",
      [webhook({ timeout: '60s' })],
      `${at}.timeout: Invalid value: "1m0s": must be > 0s and <= 30s`,
    ],
    [
      "authorizedTTL shouldn't be negative",
      [webhook({ authorizedTTL: '-30s' })],
      `${at}.authorizedTTL: Invalid value: "-30s": must be > 0s`,
    ],
    [
      "unauthorizedTTL shouldn't be negative",
      [webhook({ unauthorizedTTL: '-30s' })],
      `${at}.unauthorizedTTL: Invalid value: "-30s": must be > 0s`,
    ],
    [
      'SAR should be defined',
      [webhook({ subjectAccessReviewVersion: undefined })],
      `${at}.subjectAccessReviewVersion: Required value`,
    ],
    [
      'SAR should be one of v1 and v1beta1',
      [webhook({ subjectAccessReviewVersion: 'v2beta1' })],
      `${at}.subjectAccessReviewVersion: Unsupported value: "v2beta1": supported values: "v1", "v1beta1"`,
    ],
    [
      'MatchConditionSAR should be defined',
      [
        webhook({
          matchConditionSubjectAccessReviewVersion: undefined,
          matchConditions: [{ expression: 'true' }],
        }),
      ],
      `${at}.matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified`,
    ],
    [
      'MatchConditionSAR must not be anything other than v1',
      [webhook({ matchConditionSubjectAccessReviewVersion: 'v1beta1' })],
      `${at}.matchConditionSubjectAccessReviewVersion: Unsupported value: "v1beta1": supported values: "v1"`,
    ],
    [
      'failurePolicy should be defined',
      [webhook({ failurePolicy: undefined })],
      `${at}.failurePolicy: Required value`,
    ],
    [
      'failurePolicy should be one of "NoOpinion" or "Deny"',
      [webhook({ failurePolicy: 'AlwaysAllow' })],
      `${at}.failurePolicy: Unsupported value: "AlwaysAllow": supported values: "NoOpinion", "Deny"`,
    ],
    [
      'connectionInfo should be defined',
      [webhook({ connectionInfo: undefined })],
      `${at}.connectionInfo.type: Required value`,
    ],
    [
      'connectionInfo should be one of InClusterConfig or KubeConfigFile',
      [webhook({ connectionInfo: { type: 'ExternalClusterConfig' } })],
      `${at}.connectionInfo.type: Unsupported value: {"Type":"ExternalClusterConfig","KubeConfigFile":null}: supported values: "InClusterConfig", "KubeConfigFile"`,
    ],
    [
      'if connectionInfo=InClusterConfig, then kubeConfigFile should be nil',
      [webhook({ connectionInfo: { type: 'InClusterConfig', kubeConfigFile: '' } })],
      `${at}.connectionInfo.kubeConfigFile: Invalid value: "": can only be set when type=KubeConfigFile`,
    ],
    [
      'if connectionInfo=KubeConfigFile, then KubeConfigFile should be defined',
      [webhook({ connectionInfo: { type: 'KubeConfigFile' } })],
      `${at}.connectionInfo.kubeConfigFile: Required value`,
    ],
    [
      'if connectionInfo=KubeConfigFile, then KubeConfigFile must be an absolute path',
      [webhook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '../x' } })],
      `${at}.connectionInfo.kubeConfigFile: Invalid value: "../x": must be an absolute path`,
    ],
    [
      'if connectionInfo=KubeConfigFile, then KubeConfigFile should exist',
      [webhook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/missing' } })],
      `${at}.connectionInfo.kubeConfigFile: Invalid value: "/missing": error loading file: none`,
    ],
    [
      'names of built-in types are fixed',
      [
        { type: 'Node', name: 'n' },
        { type: 'RBAC', name: 'r' },
      ],
      '[expected name node for authorizer Node instead of n, expected name rbac for authorizer RBAC instead of r]',
    ],
  ])('is refused: %s', async (_, authorizers, why) => {
    await expect(read(authorizers)).rejects.toThrow(why);
  });

  test('must go on having the types it began with', async () => {
    const object = { ...head, authorizers: [{ type: 'Node', name: 'node' }] };
    await expect(readAuthorizationConfiguration(object, means, ['Node', 'RBAC'])).rejects.toThrow(
      'missing required types: [RBAC]',
    );
  });
});

describe('match conditions', () => {
  const errorsOf = (...expressions: string[]) => {
    const { errors } = compileMatchConditions(expressions, 'w');
    return errors.map(({ field, body }) => `${field}: ${body}`);
  };
  const at = 'w.matchConditions';

  test('that can be used have no errors', () => {
    expect(errorsOf("request.user == 'admin'")).toEqual([]);
    expect(errorsOf()).toEqual([]);
  });

  test.each<[string, string[], string]>([
    ['are empty', ['  '], `${at}[0].expression: Required value`],
    [
      'are there twice',
      ["request.user == 'admin'", "request.user == 'admin'"],
      `${at}[1].expression: Duplicate value: "request.user == 'admin'"`,
    ],
    [
      'name what is not there',
      ['test'],
      `${at}[0].expression: Invalid value: "test": compilation failed: ERROR: <input>:1:1: undeclared reference to 'test' (in container '')\n | test\n | ^`,
    ],
    [
      'are none',
      ["request.user = 'test'"],
      `${at}[0].expression: Invalid value: "request.user = 'test'": compilation failed: ERROR: <input>:1:14: Syntax error: token recognition error at: '= '`,
    ],
    [
      'are no yes or no',
      ['request.user'],
      `${at}[0].expression: Invalid value: "request.user": must evaluate to bool but got string`,
    ],
    [
      'are too many',
      Array.from({ length: 65 }, (_, i) => `${i} == 1`),
      `${at}: Too many: 65: must have at most 64 items`,
    ],
  ])('are refused that %s', (_, expressions, why) => {
    expect(errorsOf(...expressions).join('\n')).toContain(why);
  });
});
