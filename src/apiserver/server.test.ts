import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startApiServer, type TestApiServer } from './testing-api-server.ts';

type Pair = { cert: string; key: string; ca: string };
let t: TestApiServer;
let admin: Pair;
let jane: Pair;

beforeAll(async () => {
  t = await startApiServer({ flags: { port: '6443', 'a-first': '' } });
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
            // A watch is many values.
            json: isJson && text !== '' && !path.includes('watch=1') && JSON.parse(text),
          });
        });
      },
    );
    request.on('error', reject);
    request.end(bytes);
  });
}

/** Those that upstream's end-to-end test of health looks for. */
const upstreamHooks = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'bootstrap-controller',
  'start-system-namespaces-controller',
  'scheduling/bootstrap-system-priority-classes',
  'start-cluster-authentication-info-controller',
  'start-kube-aggregator-informers',
  'apiservice-registration-controller',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'kube-apiserver-autoregistration',
  'apiservice-openapi-controller',
];

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
    const livez = (await ask('/livez?verbose')).text;
    expect(livez).toMatch(/^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]etcd ok\n\[\+\]poststarthook\//);
    expect(livez).toMatch(/\n\[\+\]autoregister-completion ok\nlivez check passed\n$/);
    expect(livez).not.toMatch(/\]shutdown|\]informer-sync/);
    expect((await ask('/healthz?verbose')).text).toBe(livez.replace('livez', 'healthz'));
    const readyz = (await ask('/readyz?verbose')).text;
    for (const name of upstreamHooks) {
      expect(livez).toContain(`[+]poststarthook/${name} ok`);
      expect(readyz).toContain(`[+]poststarthook/${name} ok`);
    }
    expect((await ask('/readyz/ping')).text).toBe('ok');
    expect((await ask('/version', { as: null })).json).toMatchObject({ major: '1', minor: '36' });
    expect((await ask('/')).json.paths).toContain('/apis');
    expect((await ask('/nothing')).status).toBe(404);
    expect((await ask('/nothing', { as: null })).json.message).toBe(
      'forbidden: User "system:anonymous" cannot get path "/nothing"',
    );
    const metrics = await ask('/metrics');
    expect(metrics.text).toMatch(/^apiserver_request_total\{.*verb="LIST".*resource="namespaces".*\} 1$/m);
    const health = 'apiserver_request_total{verb="GET",dry_run="",group="",version="",resource="",';
    expect(metrics.text).toMatch(
      new RegExp(`^${health}subresource="/livez",scope="",component="",code="200"} \\d+$`, 'm'),
    );
    expect(metrics.text).not.toContain('/readyz/ping');
  });

  test('counts nothing under names that somebody has made up who is refused (CVE-2020-8552)', async () => {
    const paths = ['/apis/made.up/v1/things', '/apis/apps/v1/made-up', `${configMaps}/a/made-up`];
    for (const path of paths) expect((await ask(path, { as: null })).status).toBe(403);
    expect((await ask(configMaps, { as: null })).status).toBe(403);
    const { text } = await ask('/metrics');
    expect(text).not.toMatch(/made.up/);
    expect(text).toMatch(/^apiserver_request_total\{.*resource="configmaps".*code="403".*\} 1$/m);
  });

  test.each([
    ['invalid', 400],
    ['0s', 200],
    ['3m', 200],
  ])('hears how long a request may take wherever it goes: timeout=%s', async (timeout, status) => {
    for (const path of ['/version', configMaps, '/apis']) {
      const answer = await ask(`${path}?timeout=${timeout}`);
      expect(answer.status).toBe(status);
      if (status === 400)
        expect(answer.json.message).toContain('invalid timeout specified in the request URL');
    }
    expect((await ask('/version?timeout=invalid', { as: null })).status).toBe(400);
  });

  test('counts what its health checks find', async () => {
    const before = (await ask('/metrics/slis')).text;
    expect(before).toContain('\nprocess_start_time_seconds ');
    await ask('/livez', { as: null });
    await ask('/livez', { as: null });
    await ask('/livez/ping', { as: null });
    const { headers, text } = await ask('/metrics/slis');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('# TYPE kubernetes_healthcheck gauge\n');
    expect(text).toContain('\nkubernetes_healthcheck{name="etcd",type="livez"} 1\n');
    const total = (said: string) =>
      Number(
        /^kubernetes_healthchecks_total{name="ping",status="success",type="livez"} (.*)$/m.exec(said)?.[1] ??
          0,
      );
    expect(total(text)).toBe(total(before) + 2);
  });

  describe('says how it is', () => {
    const as = (v: string, type = 'application/json') => ({
      headers: { accept: `${type};as=Statusz;g=config.k8s.io;v=${v}` },
    });
    test.each<Record<string, string>>([{}, { accept: '*/*' }, { accept: 'text/plain' }])(
      'in words: %j',
      async (headers) => {
        const { status, headers: said, text } = await ask('/statusz', { headers });
        expect([status, said['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
        expect(text).toMatch(
          /^\napiserver statusz\nWarning: This endpoint is not meant to be machine parseable/,
        );
        expect(text).toMatch(
          /\nStarted: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}\nUp: 0 hr 0\d min \d\d sec\n/,
        );
        expect(text).toMatch(
          /\nEmulation version: 1.36\nPaths: \/flagz \/healthz \/livez \/logs \/metrics \/readyz \/version\n$/,
        );
      },
    );

    test('as an object', async () => {
      const { headers, json } = await ask('/statusz', as('v1beta1'));
      expect(headers.warning).toBeUndefined();
      expect(json).toEqual({
        kind: 'Statusz',
        apiVersion: 'config.k8s.io/v1beta1',
        metadata: { name: 'apiserver' },
        startTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        uptimeSeconds: expect.any(Number),
        goVersion: 'none',
        binaryVersion: '1.36.0+k8ts.0.1.0',
        emulationVersion: '1.36',
        paths: ['/flagz', '/healthz', '/livez', '/logs', '/metrics', '/readyz', '/version'],
      });
      expect((await ask('/statusz', as('v1beta1', 'application/yaml'))).text).toContain('kind: Statusz\n');
      const old = await ask('/statusz', as('v1alpha1'));
      expect(old.json.apiVersion).toBe('config.k8s.io/v1alpha1');
      expect(old.headers.warning).toContain('This version of the statusz endpoint is deprecated');
    });

    test('in no other way, and not to everybody', async () => {
      for (const headers of [{ accept: 'application/json' }, as('v9').headers]) {
        expect((await ask('/statusz', { headers })).json).toMatchObject({
          code: 406,
          message:
            'only the following media types are accepted: application/json, application/yaml, text/plain',
        });
      }
      expect((await ask('/statusz', { as: jane })).status).toBe(403);
    });
  });

  describe('tells how it was started', () => {
    const as = (version: string, type = 'application/json') => ({
      headers: { accept: `${type};v=${version};g=config.k8s.io;as=Flagz` },
    });

    test.each<Record<string, string>>([
      {},
      { accept: '*/*' },
      { accept: 'text/plain' },
      { accept: `${as('v9').headers.accept},*/*` },
    ])('as text, to who accepts %j', async (headers) => {
      const { status, headers: said, text } = await ask('/flagz', { headers });
      expect([status, said['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
      expect(text).toMatch(/^\napiserver flagz\nWarning: This endpoint .*\na-first=\nport=6443\n$/);
    });

    test('as an object', async () => {
      const { headers, json } = await ask('/flagz', as('v1beta1'));
      expect(headers.warning).toBeUndefined();
      expect(json).toEqual({
        kind: 'Flagz',
        apiVersion: 'config.k8s.io/v1beta1',
        metadata: { name: 'apiserver' },
        flags: { port: '6443', 'a-first': '' },
      });
      expect((await ask('/flagz', as('v1beta1', 'application/yaml'))).text).toContain('kind: Flagz\n');
      const old = await ask('/flagz', as('v1alpha1'));
      expect(old.json.apiVersion).toBe('config.k8s.io/v1alpha1');
      expect(old.headers.warning).toContain('This version of the flagz endpoint is deprecated');
    });

    test('in no other way, and not to everybody', async () => {
      for (const headers of [
        { accept: 'application/xml' },
        { accept: 'application/json' },
        { accept: 'application/json;v=v1beta1;g=config.k8s.io' },
      ])
        expect((await ask('/flagz', { headers })).status).toBe(406);
      expect((await ask('/flagz', { as: jane })).status).toBe(403);
    });
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
    expect(review.json.spec).toEqual(asked);
    expect(review.json.metadata.managedFields).toEqual([
      expect.objectContaining({ operation: 'Update', fieldsV1: { 'f:spec': expect.anything() } }),
    ]);
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

  test('for all of a namespace say nothing of the cluster, whose objects no path has in a namespace', async () => {
    const all = role([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], 'all');
    await ask(`${rbac}/roles`, { method: 'POST', body: all });
    const user = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' };
    await ask(`${rbac}/rolebindings`, { method: 'POST', body: binding('all', 'all', [user]) });
    const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const inside = '/api/v1/namespaces/default';
    expect((await ask(inside, { as: jane })).json.metadata.name).toBe('default');
    const statuses = await Promise.all([
      ask(`${inside}/namespaces`, { as: jane }),
      ask(`${inside}/namespaces`, { as: jane, method: 'POST', body: namespace('more') }),
      ask(`${inside}/namespaces/kube-public`, { as: jane, method: 'DELETE' }),
      ask(`${rbac}/clusterroles`, { as: jane }),
      ask(`${rbac}/clusterroles?watch=true`, { as: jane }),
      ask(`${rbac}/clusterroles`, { as: jane, method: 'DELETE' }),
      ask(`${rbac}/clusterroles/admin`, { as: jane }),
      ask(`${inside}/nodes/n1/proxy/pods`, { as: jane }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual(statuses.map(() => 404));
    expect((await ask('/apis/rbac.authorization.k8s.io/v1/clusterroles/admin')).status).toBe(200);
    await ask(`${rbac}/rolebindings/all`, { method: 'DELETE' });
  });

  test('find nothing below a subresource', async () => {
    const paths = ['default/status/x', 'default/pods/p/status/x', 'default/pods/p/log/x'];
    for (const path of paths) {
      const { status, json } = await ask(`/api/v1/namespaces/${path}`);
      expect([path, status, json.message]).toEqual([
        path,
        404,
        'the server could not find the requested resource',
      ]);
    }
  });

  test('find no object of a namespace outside of it', async () => {
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    const body = configMap('nowhere');
    const path = '/api/v1/configmaps/nowhere';
    const answers = await Promise.all([
      ask(path),
      ask(`${path}?fieldManager=m`, { method: 'PATCH', headers: apply, body }),
      ask(path, { method: 'PUT', body }),
      ask(path, { method: 'DELETE' }),
    ]);
    const message = 'the server could not find the requested resource';
    expect(answers.map(({ json }) => [json.code, json.message])).toEqual(answers.map(() => [404, message]));
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
    const review = async (audiences?: string[]) => {
      const spec = { token: issued.json.status.token, audiences };
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
      const path = '/apis/authentication.k8s.io/v1/tokenreviews';
      return (await ask(path, { method: 'POST', body })).json.status;
    };
    expect(await review()).toMatchObject({ authenticated: true });
    expect(issued.json).toMatchObject({ spec: { boundObjectRef: null } });
    const refused = await review(['vault', 'db']);
    expect(refused.user).toEqual({});
    expect(refused.error).toMatch(
      /^\[invalid bearer token, token audiences \["\S+"\] is invalid for the target audiences \["vault" "db"\]\]$/,
    );
    const { metadata } = (await whoAmI()).json;
    expect(metadata).toEqual({ creationTimestamp: expect.stringMatching(/^\d{4}-.*Z$/) });
    await ask(`${accounts}/robot`, { method: 'DELETE' });
    expect((await whoAmI()).status).toBe(401);
  });

  test('have tokens in Secrets, whose use is noted until they are marked', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    const type = 'kubernetes.io/service-account-token';
    const annotations = { 'kubernetes.io/service-account.name': 'old' };
    const metadata = { name: 'held', annotations };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, type };
    const named = { ...account, metadata: { name: 'old' }, secrets: [{ name: 'held' }] };
    await ask(accounts, { method: 'POST', body: named });
    const { uid } = (await ask(secrets, { method: 'POST', body })).json.metadata;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: 'held', uid };
    const asked = request({ boundObjectRef });
    const { token } = (await ask(`${accounts}/old/token`, { method: 'POST', body: asked })).json.status;
    const patch = (more: object) =>
      ask(`${secrets}/held`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: more,
      });
    await patch({ data: { token: Buffer.from(token).toString('base64') } });
    const use = () => ask('/version', { as: null, headers: { authorization: `Bearer ${token}` } });
    expect((await use()).headers.warning).toContain('instead of auto-generated secret-based tokens');
    const labels = async () => (await ask(`${secrets}/held`)).json.metadata.labels;
    const day = expect.stringMatching(/^\d{4}-\d\d-\d\d$/);
    await vi.waitFor(async () =>
      expect(await labels()).toEqual({ 'kubernetes.io/legacy-token-last-used': day }),
    );
    await patch({ metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } } });
    expect((await use()).status).toBe(401);
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

describe('priority and fairness', () => {
  const group = '/apis/flowcontrol.apiserver.k8s.io';
  const merge = { 'content-type': 'application/merge-patch+json' };

  test('says to which flow and level a request belonged, and counts it', async () => {
    const uidOf = async (path: string) => (await ask(`${group}/v1/${path}`)).json.metadata.uid;
    const { headers } = await ask('/version', { as: jane });
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe(await uidOf('flowschemas/global-default'));
    expect(headers['x-kubernetes-pf-prioritylevel-uid']).toBe(
      await uidOf('prioritylevelconfigurations/global-default'),
    );
    const { text } = await ask('/metrics');
    expect(text).toMatch(
      /apiserver_flowcontrol_dispatched_requests_total\{priority_level="global-default",flow_schema="global-default"\} \d+/,
    );
    expect(text).toContain('apiserver_flowcontrol_current_executing_requests{priority_level="exempt"');
  });

  test.each([
    [
      'flowschemas',
      { priorityLevelConfiguration: { name: 'global-default' }, matchingPrecedence: 9999 },
      { matchingPrecedence: 9998 },
    ],
    [
      'prioritylevelconfigurations',
      { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
      { limited: { nominalConcurrencyShares: 4 } },
    ],
  ])(
    '%s can be created, read, watched, changed and deleted, and have a status',
    async (plural, spec, change) => {
      const groups = (await ask('/apis')).json.groups as { name: string; versions: { version: string }[] }[];
      const versions = groups.find(({ name }) => name === 'flowcontrol.apiserver.k8s.io')?.versions;
      expect(versions).toContainEqual({ groupVersion: 'flowcontrol.apiserver.k8s.io/v1', version: 'v1' });
      const served = (await ask(`${group}/v1`)).json.resources as { name: string }[];
      expect(served.map(({ name }) => name)).toEqual(expect.arrayContaining([plural, `${plural}/status`]));
      const all = `${group}/v1/${plural}`;
      const labels = { test: 'fairness' };
      const make = (name: string) => ask(all, { method: 'POST', body: { metadata: { name, labels }, spec } });
      const made = await make('one');
      expect(made.status).toBe(201);
      const one = `${all}/one`;
      expect((await ask(one)).json.spec).toMatchObject(spec);
      expect((await ask(`${all}?labelSelector=test%3Dfairness`)).json.items).toHaveLength(1);
      const since = made.json.metadata.resourceVersion;
      const patched = await ask(one, { method: 'PATCH', headers: merge, body: { spec: change } });
      expect(patched.json.spec).toMatchObject(change);
      const replaced = { ...(await ask(one)).json, metadata: { name: 'one', labels } };
      expect((await ask(one, { method: 'PUT', body: replaced })).status).toBe(200);
      const status = { conditions: [{ type: 'Odd', status: 'True', reason: 'r', message: 'm' }] };
      const reported = await ask(`${one}/status`, { method: 'PATCH', headers: merge, body: { status } });
      expect(reported.json.status.conditions).toContainEqual(expect.objectContaining({ type: 'Odd' }));
      const events = await ask(`${all}?watch=1&resourceVersion=${since}&timeoutSeconds=1&labelSelector=test`);
      expect(events.text.split('\n')[0]).toContain('"type":"MODIFIED"');
      expect((await ask(one, { method: 'DELETE' })).status).toBe(200);
      await make('two');
      expect((await ask(`${all}?labelSelector=test`, { method: 'DELETE' })).status).toBe(200);
      expect((await ask(`${all}?labelSelector=test`)).json.items).toEqual([]);
    },
  );
});

describe('a server with few seats', () => {
  test('refuses what is too much for it, and says when to come again', async () => {
    const few = await startApiServer({ limits: { requestsInFlight: 1 } });
    const pair = await few.client('jane');
    const open = () => {
      const { cert, key } = pair;
      const url = `${few.origin}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`;
      const headers = { 'content-type': 'application/json' };
      const request = httpsRequest(url, {
        method: 'POST',
        cert,
        key,
        ca: few.ca,
        agent: false,
        headers,
      });
      const answer = new Promise<{ status: number; retryAfter: unknown; json: any }>((resolve, reject) => {
        request.on('error', reject);
        request.on('response', (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => {
            const retryAfter = response.headers['retry-after'];
            resolve({ status: response.statusCode ?? 0, retryAfter, json: JSON.parse(text) });
          });
        });
      });
      return { request, answer };
    };
    const body = JSON.stringify({ spec: { nonResourceAttributes: { path: '/' } } });
    const once = () => {
      const { request, answer } = open();
      request.end(body);
      return answer;
    };
    const level = '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/global-default';
    await few.api.transportFor({ name: 'root', groups: ['system:masters'] }).request({
      method: 'PATCH',
      path: level,
      contentType: 'application/merge-patch+json',
      body: {
        metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } },
        spec: { limited: { limitResponse: { queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 } } } },
      },
    });
    // Its body does not come: it keeps the one seat.
    const held = open();
    held.request.flushHeaders();
    const sent: ReturnType<typeof once>[] = [];
    const first = () => {
      const two = [once(), once()];
      sent.push(...two);
      return Promise.race(two);
    };
    await expect.poll(first, { timeout: 10_000 }).toMatchObject({
      status: 429,
      retryAfter: '1',
      json: { reason: 'TooManyRequests', message: 'Too many requests, please try again later.' },
    });
    held.request.end(body);
    expect((await held.answer).status).toBe(201);
    // The one that waited has its turn, the others were refused.
    const codes = (await Promise.all(sent)).map(({ status }) => status);
    expect(new Set(codes)).toEqual(new Set([201, 429]));
    await few.stop();
  });
});
