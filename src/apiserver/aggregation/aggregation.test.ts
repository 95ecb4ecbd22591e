import { Agent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../../cluster/pki.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadX509 } from '../../platform/x509.ts';
import { type Connector, systemConnector } from '../../platform/connect.ts';
import { systemRandom } from '../../platform/random.ts';
import { startApiServer, type TestApiServer } from '../testing-api-server.ts';
import { type ExtensionResource, TestExtension } from './testing-extension.ts';

const platform = { clock: systemClock, random: systemRandom };
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const flunders: ExtensionResource = {
  group: 'wardle.test',
  version: 'v1alpha1',
  plural: 'flunders',
  kind: 'Flunder',
  namespaced: true,
  verbs,
};
const older: ExtensionResource = {
  ...flunders,
  group: 'older.test',
  version: 'v1',
  plural: 'olds',
  kind: 'Old',
};

type Pair = { cert: string; key: string; ca: string };
let t: TestApiServer;
let proxyAuthority: KeyPair;
let proxy: KeyPair;
let admin: Pair;
let extension: TestExtension;
let old: TestExtension;

/** Pods are on loopback here, whatever their addresses say. */
const pods: Connector = (options) => systemConnector({ ...options, host: '127.0.0.1' });

beforeAll(async () => {
  proxyAuthority = await createAuthority(platform, 'front-proxy-ca');
  proxy = await issue(proxyAuthority, { commonName: 'front-proxy-client', usages: ['client'] }, platform);
  const frontProxy = {
    identity: () => ({ cert: proxy.certificate, key: proxy.key }),
    ca: proxyAuthority.certificate,
    names: ['front-proxy-client'],
    headers: {
      user: ['X-Remote-User', 'X-Acme-User'],
      uid: ['X-Remote-Uid'],
      group: ['X-Remote-Group'],
      extra: ['X-Remote-Extra-', 'X-Acme-More-'],
    },
  };
  t = await startApiServer({ frontProxy, pods, outside: systemConnector });
  admin = await t.client('root', 'system:masters');
  const proxyCa = proxyAuthority.certificate;
  extension = await TestExtension.start({ resources: [flunders], services: ['api.default'], proxyCa });
  old = await TestExtension.start({
    resources: [older],
    services: ['outside.default'],
    proxyCa,
    aggregated: false,
  });
  await create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(async () => {
  await t.stop();
  await extension.close();
  await old.close();
});

interface Answer {
  status: number;
  headers: any;
  text: string;
  json: any;
}

interface Options {
  method?: string;
  body?: unknown;
  as?: Pair | { cert: string; key: string };
  headers?: Record<string, string | string[]>;
}

function ask(
  path: string,
  { method = 'GET', body, as = admin, headers = {} }: Options = {},
): Promise<Answer> {
  const bytes = body === undefined ? undefined : JSON.stringify(body);
  const all = bytes ? { 'content-type': 'application/json', ...headers } : headers;
  return new Promise((resolve, reject) => {
    const options = { method, headers: all, ca: t.ca, agent: false, cert: as.cert, key: as.key } as const;
    const request = httpsRequest(`${t.origin}${path}`, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const isJson = String(response.headers['content-type']).startsWith('application/json');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson && text ? JSON.parse(text) : undefined,
        });
      });
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

async function create(path: string, body: object): Promise<any> {
  const { status, json, text } = await ask(path, { method: 'POST', body });
  expect(status, text).toBe(201);
  return json;
}

const services = '/apis/apiregistration.k8s.io/v1/apiservices';
const conditionOf = async (name: string) => (await ask(`${services}/${name}`)).json?.status?.conditions?.[0];
const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

const apiService = (r: ExtensionResource, service: string, more: object = {}) => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: `${r.version}.${r.group}` },
  spec: {
    group: r.group,
    version: r.version,
    groupPriorityMinimum: 2000,
    versionPriority: 10,
    service: { namespace: 'default', name: service },
    ...more,
  },
});

const slice = (port: number, ready: boolean) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready }, targetRef: { kind: 'Pod', name: 'p' } }],
  ports: [{ name: 'https', port, protocol: 'TCP' }],
});

describe('what this server serves itself', () => {
  test('is registered when it starts', async () => {
    const { items } = (await ask(services)).json;
    const names = items.map((s: any) => s.metadata.name);
    expect(names).toContain('v1.');
    expect(names).toContain('v2.autoscaling');
    expect(names).not.toContain('v1.apiregistration.k8s.io');
    expect(items.find((s: any) => s.metadata.name === 'v1.apps')).toMatchObject({
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
      spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 17_800, versionPriority: 15 },
      status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] },
    });
    expect((await ask('/readyz?verbose')).text).toContain(
      '[+]poststarthook/apiservice-registration-controller ok',
    );
  });

  test('comes and goes with definitions, and is put back', async () => {
    const names = { plural: 'things', kind: 'Thing' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.crd.test' },
      spec: {
        group: 'crd.test',
        scope: 'Cluster',
        names,
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    await until(async () => expect((await ask(`${services}/v1.crd.test`)).status).toBe(200));
    const made = (await ask(`${services}/v1.crd.test`)).json;
    expect(made.metadata.labels).toEqual({ 'kube-aggregator.kubernetes.io/automanaged': 'true' });
    expect(made.spec).toEqual({
      group: 'crd.test',
      version: 'v1',
      groupPriorityMinimum: 1000,
      versionPriority: 100,
    });
    await ask(`${services}/v1.crd.test`, { method: 'DELETE' });
    await until(async () =>
      expect((await ask(`${services}/v1.crd.test`)).json.metadata.uid).not.toBe(made.metadata.uid),
    );
    await ask('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.crd.test', {
      method: 'DELETE',
    });
    await until(async () => expect((await ask(`${services}/v1.crd.test`)).status).toBe(404));
  });
});

describe('an extension server behind a Service', () => {
  const list = '/apis/wardle.test/v1alpha1/namespaces/default/flunders';

  test('becomes available step by step, each with its reason', async () => {
    await create(services, apiService(flunders, 'api', { caBundle: extension.caBundle }));
    await until(async () =>
      expect(await conditionOf('v1alpha1.wardle.test')).toMatchObject({
        status: 'False',
        reason: 'ServiceNotFound',
        message: 'service/api in "default" is not present',
      }),
    );
    const refused = await ask(list);
    expect(refused).toMatchObject({ status: 503, text: 'service unavailable\n' });
    const spec = { ports: [{ name: 'http', port: 80, targetPort: 80 }] };
    const made = await create('/api/v1/namespaces/default/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'api' },
      spec,
    });
    const becomes = (reason: string, message: string) =>
      until(async () => expect(await conditionOf('v1alpha1.wardle.test')).toMatchObject({ reason, message }));
    await becomes('ServicePortError', 'service/api in "default" is not listening on port 443');
    const ports = [{ name: 'https', port: 443, targetPort: 8443, protocol: 'TCP' }];
    await ask('/api/v1/namespaces/default/services/api', {
      method: 'PUT',
      body: { ...made, spec: { ...made.spec, ports } },
    });
    await becomes('EndpointsNotFound', 'cannot find endpointslices for service/api in "default"');
    const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
    await create(path, slice(extension.port, false));
    await becomes(
      'MissingEndpoints',
      'endpointslices for service/api in "default" have no addresses with port name "https"',
    );
    await ask(`${path}/api-1`, { method: 'PUT', body: slice(extension.port, true) });
    await becomes('Passed', 'all checks passed');
    const check = extension.requests.find((r) => r.url === '/apis/wardle.test/v1alpha1');
    expect(check?.headers).toMatchObject({
      'x-remote-user': 'system:kube-aggregator',
      'x-remote-group': 'system:masters',
    });
  });

  test('is one API with this server’s', async () => {
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    await until(async () => {
      const { items } = (await ask('/apis', { headers: { accept: aggregated } })).json;
      const group = items.find((g: any) => g.metadata.name === 'wardle.test');
      expect(group.versions).toMatchObject([
        {
          version: 'v1alpha1',
          freshness: 'Current',
          resources: [{ resource: 'flunders', scope: 'Namespaced' }],
        },
      ]);
    });
    const names = (await ask('/apis')).json.groups.map((g: any) => g.name);
    expect(names[0]).toBe('apiregistration.k8s.io');
    expect(names.at(-1)).toBe('wardle.test');
    expect((await ask('/apis/wardle.test')).json).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { version: 'v1alpha1' },
    });
    const resources = (await ask('/apis/wardle.test/v1alpha1')).json;
    expect(resources).toMatchObject({ kind: 'APIResourceList', resources: [{ name: 'flunders' }] });
  });

  test('is described together with it', async () => {
    await until(async () => {
      const { definitions, paths } = (await ask('/openapi/v2')).json;
      expect(Object.keys(paths)).toContain('/apis/wardle.test/v1alpha1/flunders');
      expect(paths['/elsewhere/']).toBeUndefined();
      const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
      expect(definitions['test.v1alpha1.Flunder'].properties.note.$ref).toBe(`#/definitions/${meta}_v2`);
      expect(definitions[`${meta}_v2`].description).toBe('Another ObjectMeta.');
      expect(definitions[meta].properties).toHaveProperty('name');
    });
    const index = (await ask('/openapi/v3')).json.paths;
    const url = index['apis/wardle.test/v1alpha1'].serverRelativeURL;
    expect(url).toMatch(/^\/openapi\/v3\/apis\/wardle\.test\/v1alpha1\?hash=[0-9A-F]+$/);
    expect((await ask(url)).json.components.schemas).toHaveProperty(['test.v1alpha1.Flunder']);
  });

  test('answers clients, and is told who they are and by whom', async () => {
    extension.requests.length = 0;
    const made = await create(list, { metadata: { name: 'one' } });
    expect(made).toMatchObject({ kind: 'Flunder', metadata: { name: 'one', namespace: 'default' } });
    const table = await ask(list, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    expect(table.json).toMatchObject({ kind: 'Table', rows: [{ cells: ['one', 'the extension'] }] });
    const headers = {
      'impersonate-user': 'jane',
      'impersonate-group': 'dev',
      'impersonate-extra-acme.com%2fproject': 'some-project',
      'x-remote-user': 'somebody-else',
      'x-remote-extra-role': 'admin',
      'x-acme-user': 'somebody-else',
      'x-acme-more-role': 'admin',
      authorization: 'Bearer secret',
    };
    const jane = await ask('/apis/wardle.test/v1alpha1', { headers });
    expect(jane.status).toBe(200);
    const seen = extension.requests.at(-1);
    expect(seen?.peer).toBe('front-proxy-client');
    expect(seen?.headers).toMatchObject({
      'x-remote-user': 'jane',
      'x-remote-group': expect.stringContaining('dev'),
      'x-remote-extra-acme.com%2fproject': 'some-project',
      'x-forwarded-uri': '/apis/wardle.test/v1alpha1',
      'audit-id': expect.any(String),
    });
    const names = Object.keys(seen?.headers ?? {});
    expect(
      names.filter((n) => /^(authorization|impersonate-.*|x-remote-extra-role|x-acme-.*)$/.test(n)),
    ).toEqual([]);
  });

  test('is asked what was authorized: path and query as they were understood', async () => {
    await ask('/apis/wardle.test/v1alpha1%2Fnamespaces%2Fdefault/flunders/a%3Fb?b=%2f&a=1&b=x%20y');
    expect(extension.requests.at(-1)?.url).toBe(
      '/apis/wardle.test/v1alpha1/namespaces/default/flunders/a%3Fb?a=1&b=%2F&b=x+y',
    );
  });

  test('does not send clients, and what they show of themselves, elsewhere', async () => {
    const { status, headers, text } = await ask(`${list}?elsewhere`);
    expect([status, headers.location]).toEqual([502, undefined]);
    expect(text).toBe('the backend attempted to redirect this request, which is not permitted');
  });

  test('is kept from those who may not, like everything else', async () => {
    const jane = await t.client('jane', 'dev');
    const refused = await ask(list, { as: jane });
    expect(refused.status).toBe(403);
    expect(refused.json.message).toBe(
      'flunders.wardle.test is forbidden: User "jane" cannot list resource "flunders" in API group "wardle.test" in the namespace "default"',
    );
  });

  test('sends watches as they come, and they end with their clients', async () => {
    const lines: any[] = [];
    const request = httpsRequest(`${t.origin}${list}?watch=true`, { ...admin, agent: false }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', (chunk) => lines.push(...chunk.trim().split('\n').map(JSON.parse)));
    });
    request.on('error', () => {}).end();
    await until(() => expect(extension.watches).toBe(1));
    await create(list, { metadata: { name: 'two' } });
    await until(() =>
      expect(lines).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'two' } } }]),
    );
    request.destroy();
    await until(() => expect(extension.watches).toBe(0));
  });

  test('takes connections over, for exec and the like', async () => {
    const socket = await new Promise<Duplex>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'echo', 'x-remote-group': 'system:masters' };
      const request = httpsRequest(`${t.origin}${list}/one/exec`, { ...admin, headers, agent: false });
      request
        .on('upgrade', (_response, upgraded) => resolve(upgraded))
        .on('error', reject)
        .end();
    });
    const said = new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
    socket.write('hello');
    expect(await said).toBe('hello');
    socket.destroy();
    const seen = extension.requests.find((r) => r.url.endsWith('/exec'));
    const groups = seen?.rawHeaders.filter((_, i, all) => all[i - 1]?.toLowerCase() === 'x-remote-group');
    expect(groups).toEqual(['system:masters', 'system:authenticated']);
    expect(seen?.headers['x-remote-user']).toBe('root');
  });

  test('serves what runs in this process', async () => {
    const api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
    const all: any = await api.request({ method: 'GET', path: list });
    expect(all.items.map((o: any) => o.metadata.name)).toEqual(['one', 'two']);
    const events: any[] = [];
    const sink = { onEvent: (event: unknown) => events.push(event), onEnd: () => {} };
    const watch = await api.watch({ method: 'GET', path: list }, sink);
    await until(() => expect(extension.watches).toBe(1));
    await api.request({ method: 'POST', path: list, body: { metadata: { name: 'three' } } });
    await until(() =>
      expect(events).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'three' } } }]),
    );
    watch.stop();
    await until(() => expect(extension.watches).toBe(0));
    await expect(api.request({ method: 'GET', path: `${list}/none` })).rejects.toMatchObject({
      status: { code: 404, reason: 'NotFound' },
    });
  });

  test('goes away and comes back', async () => {
    const { port } = extension;
    const api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
    const onEnd = vi.fn();
    await api.watch({ method: 'GET', path: list }, { onEvent() {}, onEnd });
    await until(() => expect(extension.watches).toBe(1));
    await extension.close();
    await until(() => expect(onEnd).toHaveBeenCalledOnce());
    await ask(`${services}/v1alpha1.wardle.test`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { versionPriority: 11 } },
    });
    await until(async () =>
      expect(await conditionOf('v1alpha1.wardle.test')).toMatchObject({
        status: 'False',
        reason: 'FailedDiscoveryCheck',
        message: `failing or missing response from https://10.1.2.3:${port}/apis/wardle.test/v1alpha1: Get "https://10.1.2.3:${port}/apis/wardle.test/v1alpha1": dial tcp 127.0.0.1:${port}: connect: connection refused`,
      }),
    );
    expect(await ask(list)).toMatchObject({ status: 503, text: 'service unavailable\n' });
    await expect(api.request({ method: 'GET', path: list })).rejects.toMatchObject({
      message: 'the server is currently unable to handle the request (list flunders.wardle.test)',
    });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    await until(async () => {
      const { items } = (await ask('/apis', { headers: { accept } })).json;
      const group = items.find((g: any) => g.metadata.name === 'wardle.test');
      expect(group.versions).toEqual([{ version: 'v1alpha1', freshness: 'Stale' }]);
    });
    await extension.listen(port);
    await until(async () => expect((await ask(list)).status).toBe(200));
  });

  test('is not believed without the certificate that was promised', async () => {
    const patch = async (spec: object) =>
      ask(`${services}/v1alpha1.wardle.test`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { spec },
      });
    await patch({ caBundle: old.caBundle });
    await until(async () =>
      expect((await conditionOf('v1alpha1.wardle.test')).message).toMatch(
        /tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
      ),
    );
    await patch({ caBundle: null, insecureSkipTLSVerify: true });
    await until(async () => expect((await ask(list)).status).toBe(200));
  });

  test('is forgotten with its registration', async () => {
    await ask(`${services}/v1alpha1.wardle.test`, { method: 'DELETE' });
    await until(async () => expect((await ask('/apis/wardle.test')).status).toBe(404));
    expect((await ask(list)).status).toBe(404);
  });
});

describe('an extension server outside of the cluster', () => {
  test('is reached by its name, and need not know the aggregated document', async () => {
    await create('/api/v1/namespaces/default/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'outside' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
    const service = { namespace: 'default', name: 'outside', port: old.port };
    await create(services, apiService(older, 'outside', { caBundle: old.caBundle, service }));
    await until(async () =>
      expect((await ask('/apis/older.test/v1/namespaces/default/olds')).status).toBe(200),
    );
    const found = () =>
      t.api
        .discovery()
        .aggregated('groups')
        .items?.find((g) => g.metadata?.name === 'older.test')?.versions;
    await until(() =>
      expect(found()).toMatchObject([
        {
          version: 'v1',
          freshness: 'Current',
          resources: [
            { resource: 'olds', responseKind: { group: 'older.test', version: 'v1', kind: 'Old' } },
          ],
        },
      ]),
    );
  });
});

describe('proxies in front of this server', () => {
  const who = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const headers = { 'x-remote-user': 'jane', 'x-remote-group': ['dev', 'ops'], 'x-remote-extra-team': 'a' };

  test('say for whom they ask', async () => {
    const as = { cert: proxy.certificate, key: proxy.key };
    const answer = await ask(who, { method: 'POST', body: review, as, headers });
    expect(answer.json.status.userInfo).toEqual({
      username: 'jane',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { team: ['a'] },
    });
  });

  test('are nobody themselves', async () => {
    const as = { cert: proxy.certificate, key: proxy.key };
    expect((await ask('/api/v1/namespaces', { as })).status).toBe(401);
  });

  test('are told from clients on a connection that goes on with an earlier session', async () => {
    const agent = new Agent({ maxCachedSessions: 10 });
    const reused: boolean[] = [];
    const whoami = (pair: Pick<Pair, 'cert' | 'key'>) =>
      new Promise<string>((resolve, reject) => {
        const options = {
          ...pair,
          ca: t.ca,
          agent,
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
        };
        const request = httpsRequest(`${t.origin}${who}`, options, (response) => {
          reused.push((response.socket as TLSSocket).isSessionReused());
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(JSON.parse(text).status.userInfo?.username));
        });
        request.on('error', reject).end(JSON.stringify(review));
      });
    const { cert, key } = admin;
    const pairs = [
      { cert, key },
      { cert, key },
      { cert: proxy.certificate, key: proxy.key },
      { cert: proxy.certificate, key: proxy.key },
    ];
    const names: string[] = [];
    for (const pair of pairs) names.push(await whoami(pair));
    expect(names).toEqual(['root', 'root', 'jane', 'jane']);
    expect(reused).toEqual([false, true, false, true]);
    agent.destroy();
  });

  test('must have their names, and their own authority', async () => {
    const other = await issue(
      proxyAuthority,
      { commonName: 'other', organizations: ['system:masters'], usages: ['client'] },
      platform,
    );
    const stranger = { cert: other.certificate, key: other.key };
    expect((await ask(who, { method: 'POST', body: review, as: stranger, headers })).status).toBe(401);
    const posing = await t.client('front-proxy-client');
    const answer = await ask(who, { method: 'POST', body: review, as: posing, headers });
    expect(answer.json.status.userInfo.username).toBe('front-proxy-client');
  });

  test('are not those who show a certificate that only says it makes the clients\u2019 authority one of proxies', async () => {
    const x509 = await loadX509();
    const [clients, proxies] = [t.ca, proxyAuthority.certificate].map((pem) => new x509.X509Certificate(pem));
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ]);
    const identifier = clients!.getExtension(x509.SubjectKeyIdentifierExtension);
    const claimed = await x509.X509CertificateGenerator.create({
      serialNumber: '01',
      subject: clients!.subject,
      issuer: proxies!.subject,
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        identifier!,
        await x509.AuthorityKeyIdentifierExtension.create(proxies!.publicKey),
      ],
    });
    const posing = await t.client('front-proxy-client');
    const as = { ...posing, cert: `${posing.cert}${claimed.toString('pem')}\n` };
    const answer = await ask(who, { method: 'POST', body: review, as, headers });
    expect(answer.json.status?.userInfo?.username).not.toBe('jane');
  });

  test('are told of to those who extend the API', async () => {
    const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
    expect((await ask(path)).json.data).toEqual({
      'client-ca-file': t.ca,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-client-ca-file': proxyAuthority.certificate,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-","X-Acme-More-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User","X-Acme-User"]',
    });
  });
});
