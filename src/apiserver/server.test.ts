import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from './testing-api-server.ts';

type Pair = { cert: string; key: string; ca: string };
let t: TestApiServer;
let admin: Pair;
let jane: Pair;

beforeAll(async () => {
  t = await startApiServer();
  admin = await t.client('root', 'system:masters');
  jane = await t.client('jane', 'dev');
});
afterAll(() => t.stop());

interface Options {
  method?: string;
  body?: unknown;
  as?: Pair | null;
  headers?: Record<string, string>;
}

function ask(
  path: string,
  options: Options = {},
): Promise<{ status: number; headers: any; text: string; json: any }> {
  const { method = 'GET', body, as = admin, headers = {} } = options;
  const bytes = body === undefined ? undefined : JSON.stringify(body);
  const all: Record<string, string> = bytes ? { 'content-type': 'application/json', ...headers } : headers;
  return new Promise((resolve, reject) => {
    const identity = as ? { cert: as.cert, key: as.key } : {};
    const request = httpsRequest(
      `${t.origin}${path}`,
      { method, headers: all, ca: t.ca, agent: false, ...identity },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const isJson = String(response.headers['content-type']).startsWith('application/json');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: isJson && text !== '' && JSON.parse(text),
          });
        });
      },
    );
    request.on('error', reject);
    request.end(bytes);
  });
}

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: 'b' },
});
const configMaps = '/api/v1/namespaces/default/configmaps';

describe('a server that has started', () => {
  test('has the namespaces, roles and priorities of every cluster', async () => {
    const namespaces = (await ask('/api/v1/namespaces')).json.items.map((n: any) => n.metadata.name);
    expect(namespaces).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    const admin = (await ask('/apis/rbac.authorization.k8s.io/v1/clusterroles/admin')).json;
    expect(admin.aggregationRule.clusterRoleSelectors[0].matchLabels).toEqual({
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
    });
    expect(admin.rules.length).toBeGreaterThan(20);
    expect((await ask('/apis/scheduling.k8s.io/v1/priorityclasses')).json.items).toHaveLength(2);
  });

  test('is healthy and says its version', async () => {
    expect((await ask('/readyz', { as: null })).text).toBe('ok');
    const verbose = (await ask('/livez?verbose')).text;
    expect(verbose).toBe('[+]ping ok\n[+]etcd ok\nlivez check passed\n');
    expect((await ask('/readyz/ping')).text).toBe('ok');
    expect((await ask('/version', { as: null })).json).toMatchObject({ major: '1', minor: '36' });
    expect((await ask('/')).json.paths).toContain('/apis');
    expect((await ask('/nothing')).status).toBe(404);
    expect((await ask('/nothing', { as: null })).json.message).toBe(
      'forbidden: User "system:anonymous" cannot get path "/nothing"',
    );
    const metrics = await ask('/metrics');
    expect(metrics.text).toMatch(/^apiserver_request_total\{.*verb="LIST".*resource="namespaces".*\} 1$/m);
  });

  test('tells what it serves', async () => {
    expect((await ask('/api')).json).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect((await ask('/apis/apps/v1')).json).toMatchObject({
      kind: 'APIResourceList',
      groupVersion: 'apps/v1',
    });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const aggregated = await ask('/apis', { headers: { accept } });
    expect(aggregated.json.kind).toBe('APIGroupDiscoveryList');
    expect(aggregated.headers['content-type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    const again = await ask('/apis', { headers: { accept, 'if-none-match': aggregated.headers.etag } });
    expect(again.status).toBe(304);
    expect((await ask('/openid/v1/jwks')).text).toContain('"kty":"EC"');
  });

  test('speaks JSON, YAML, protobuf and tables', async () => {
    const created = await ask(configMaps, { method: 'POST', body: configMap('formats') });
    expect(created.status).toBe(201);
    const yaml = await ask(`${configMaps}/formats`, { headers: { accept: 'application/yaml' } });
    expect(yaml.text).toMatch(/^apiVersion: v1\ndata:\n {2}a: b\nkind: ConfigMap\n/);
    const protobuf = await ask(configMaps, { headers: { accept: 'application/vnd.kubernetes.protobuf' } });
    expect(protobuf.text.slice(0, 4)).toBe('k8s\0');
    const table = await ask(configMaps, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    expect(table.json.rows[0].cells[0]).toBe('formats');
    expect(table.json.metadata.resourceVersion).toBeDefined();
  });
});

describe('roles', () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
  const role = (rules: object[], name = 'reader') => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name },
    rules,
  });
  const binding = (name: string, roleName: string, subjects: object[], kind = 'Role') => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName },
    subjects,
  });
  const group = (name: string) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name });

  test('grant what they say, where they say it', async () => {
    expect((await ask(configMaps, { as: jane })).status).toBe(403);
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }];
    expect((await ask(`${rbac}/roles`, { method: 'POST', body: role(rules) })).status).toBe(201);
    const body = binding('readers', 'reader', [group('dev')]);
    expect((await ask(`${rbac}/rolebindings`, { method: 'POST', body })).status).toBe(201);
    expect((await ask(configMaps, { as: jane })).status).toBe(200);
    expect((await ask(configMaps, { as: jane, method: 'POST', body: configMap('x') })).status).toBe(403);
    expect((await ask('/api/v1/configmaps', { as: jane })).json.message).toBe(
      'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" at the cluster scope',
    );
    const asked = { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'configmaps' } };
    const review = await ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      as: jane,
      method: 'POST',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: asked },
    });
    expect(review.json.status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "readers/default" of Role "reader" to Group "dev"',
    });
  });

  test('cannot be used to get more than one has', async () => {
    const administrators = binding('local-admin', 'admin', [group('dev')], 'ClusterRole');
    await ask(`${rbac}/rolebindings`, { method: 'POST', body: administrators });
    const more = role(
      [{ apiGroups: ['apps'], resources: ['controllerrevisions'], verbs: ['create', 'get'] }],
      'more',
    );
    const refused = await ask(`${rbac}/roles`, { method: 'POST', body: more, as: jane });
    expect(refused.status).toBe(403);
    expect(refused.json.message).toBe(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["apps"], Resources:["controllerrevisions"], Verbs:["create"]}',
    );
    const less = role([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }], 'less');
    expect((await ask(`${rbac}/roles`, { method: 'POST', body: less, as: jane })).status).toBe(201);
    const root = binding('root', 'cluster-admin', [group('dev')], 'ClusterRole');
    expect((await ask(`${rbac}/rolebindings`, { method: 'POST', body: root, as: jane })).status).toBe(403);
  });
});

describe('service accounts', () => {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } };
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  const request = (spec: object) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });

  test('get tokens that speak for them as long as they live', async () => {
    expect((await ask(accounts, { method: 'POST', body: account })).status).toBe(201);
    const short = await ask(`${accounts}/robot/token`, {
      method: 'POST',
      body: request({ expirationSeconds: 10 }),
    });
    expect(short.status).toBe(422);
    expect(short.json.message).toContain('may not specify a duration less than 10 minutes');
    const issued = await ask(`${accounts}/robot/token`, { method: 'POST', body: request({}) });
    expect(issued.status).toBe(201);
    const authorization = `Bearer ${issued.json.status.token}`;
    const whoAmI = () =>
      ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        as: null,
        method: 'POST',
        headers: { authorization },
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
    expect((await whoAmI()).json.status.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)] },
    });
    const review = await ask('/apis/authentication.k8s.io/v1/tokenreviews', {
      method: 'POST',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: issued.json.status.token },
      },
    });
    expect(review.json.status).toMatchObject({ authenticated: true });
    await ask(`${accounts}/robot`, { method: 'DELETE' });
    expect((await whoAmI()).status).toBe(401);
  });

  test('no token, a wrong one, and a forged one', async () => {
    const bearer = (token: string) =>
      ask(configMaps, { as: null, headers: { authorization: `Bearer ${token}` } });
    expect((await bearer('x')).status).toBe(401);
    expect((await bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.')).status).toBe(401);
    expect((await ask(configMaps, { as: null })).json.message).toContain(
      'User "system:anonymous" cannot list',
    );
  });
});
