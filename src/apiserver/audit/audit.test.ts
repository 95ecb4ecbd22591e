import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startApiServer, type TestApiServer } from '../testing-api-server.ts';
import type { AuditEvent } from './event.ts';

interface Asked {
  method?: string;
  body?: string;
  type?: string;
  headers?: Record<string, string>;
  as?: 'root' | 'jane' | 'nobody';
}

let t: TestApiServer;
let events: AuditEvent[] = [];
const people: Record<string, object> = {};

beforeAll(async () => {
  t = await startApiServer({
    audit: {
      policy: {
        rules: [
          { level: 'None', nonResourceURLs: ['/healthz*'] },
          { level: 'None', resources: [{ resources: ['namespaces'] }] },
          { level: 'Metadata', namespaces: ['metadata'] },
          { level: 'Request', namespaces: ['request'] },
          { level: 'RequestResponse', namespaces: ['lean'], omitManagedFields: true },
          { level: 'RequestResponse', namespaces: ['quiet'], omitStages: ['RequestReceived'] },
          { level: 'RequestResponse', namespaces: ['all'] },
          { level: 'Metadata', nonResourceURLs: ['*'] },
        ],
      },
      sinks: [{ record: (event) => void events.push(event) }],
    },
  });
  people.root = await t.client('root', 'system:masters');
  people.jane = await t.client('jane', 'dev');
  people.nobody = { ca: t.ca };
  for (const name of ['metadata', 'request', 'lean', 'quiet', 'all'])
    await ask('/api/v1/namespaces', { body: JSON.stringify({ metadata: { name } }) });
});
afterAll(() => t.stop());
beforeEach(() => {
  events = [];
});

function ask(path: string, { as = 'root', ...asked }: Asked = {}): Promise<{ status: number; text: string }> {
  const { body, type = 'application/json', method = body === undefined ? 'GET' : 'POST', headers } = asked;
  return new Promise((resolve, reject) => {
    const sent = {
      ...(body !== undefined && { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
      'user-agent': 'tester/1.0',
      ...headers,
    };
    const options = { method, headers: sent, agent: false as const, ...people[as] };
    const request = httpsRequest(`${t.origin}${path}`, options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const maps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const map = (name: string, more: object = {}) => JSON.stringify({ metadata: { name }, ...more });
const stages = () => events.map(({ stage }) => stage);
const both = ['RequestReceived', 'ResponseComplete'];

describe('a request', () => {
  test('is recorded when it comes and when it has been answered', async () => {
    await ask(maps('metadata'), { body: map('a'), headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(stages()).toEqual(both);
    const [received, complete] = events as [AuditEvent, AuditEvent];
    expect(received).toEqual({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      stage: 'RequestReceived',
      requestURI: maps('metadata'),
      verb: 'create',
      user: {
        username: 'root',
        groups: ['system:masters', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=/)] },
      },
      sourceIPs: ['192.0.2.1', '127.0.0.1'],
      userAgent: 'tester/1.0',
      objectRef: { resource: 'configmaps', namespace: 'metadata', apiVersion: 'v1' },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      stageTimestamp: received.requestReceivedTimestamp,
    });
    expect(complete).toMatchObject({
      auditID: received.auditID,
      objectRef: { resource: 'configmaps', namespace: 'metadata', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    });
    expect(complete).not.toHaveProperty('requestObject');
    expect(complete).not.toHaveProperty('responseObject');
  });

  test('shows what is sent, with its defaults, at level Request', async () => {
    const secret = { metadata: { name: 's' }, stringData: { a: 'b' } };
    await ask('/api/v1/namespaces/request/secrets', { body: JSON.stringify(secret) });
    const [, complete] = events as [AuditEvent, AuditEvent];
    expect(complete.requestObject).toMatchObject({ kind: 'Secret', apiVersion: 'v1', type: 'Opaque' });
    expect(complete).not.toHaveProperty('responseObject');
  });

  test('shows what is answered at level RequestResponse', async () => {
    await ask(maps('all'), { body: map('b', { data: { a: 'b' } }) });
    const made = events.at(-1)?.responseObject as { metadata: { uid: string; managedFields: unknown[] } };
    expect(made).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { a: 'b' } });
    expect(made.metadata.managedFields).toHaveLength(1);
    await ask(`${maps('all')}/b`);
    expect(events.at(-1)).toMatchObject({ verb: 'get', responseObject: made });
    expect(events.at(-1)).not.toHaveProperty('requestObject');
    await ask(maps('all'));
    expect(events.at(-1)).toMatchObject({
      verb: 'list',
      responseObject: { kind: 'ConfigMapList', items: [{ metadata: { uid: made.metadata.uid } }] },
    });
  });

  test('shows what is answered as JSON, whatever the client gets', async () => {
    await ask(maps('all'), { body: map('formats') });
    for (const accept of ['application/yaml', 'application/vnd.kubernetes.protobuf']) {
      await ask(maps('all'), { headers: { accept } });
      expect(events.at(-1)).toMatchObject({ responseObject: { kind: 'ConfigMapList' } });
    }
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    await ask(`${maps('all')}/formats`, { headers: { accept } });
    expect(events.at(-1)).toMatchObject({
      responseObject: { kind: 'Table', rows: [{ cells: ['formats', 0, expect.anything()] }] },
    });
  });

  test.each(['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io'])(
    'shows no managed fields where the policy says so (%s)',
    async (accept) => {
      await ask(`${maps('lean')}/c`, { method: 'DELETE' });
      await ask(maps('lean'), { body: map('c'), headers: { accept } });
      await ask(`${maps('lean')}/c`, { headers: { accept } });
      await ask(maps('lean'), { headers: { accept } });
      expect(events.filter(({ responseObject }) => responseObject)).not.toHaveLength(0);
      expect(JSON.stringify(events)).not.toContain('managedFields');
    },
  );

  test('shows patches as they came', async () => {
    await ask(maps('all'), { body: map('patched') });
    const path = `${maps('all')}/patched`;
    const patch = { metadata: { labels: { a: 'b' } } };
    await ask(path, { method: 'PATCH', body: JSON.stringify(patch), type: 'application/merge-patch+json' });
    expect(events.at(-1)).toMatchObject({ verb: 'patch', requestObject: patch });
    const applied = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: patched}\ndata: {c: d}\n';
    const type = 'application/apply-patch+yaml';
    await ask(`${path}?fieldManager=me`, { method: 'PATCH', body: applied, type });
    expect(events.at(-1)).toMatchObject({
      requestObject: { kind: 'ConfigMap', data: { c: 'd' } },
      responseObject: { data: { c: 'd' } },
    });
  });

  test('shows the options of a deletion where there are any', async () => {
    await ask(maps('all'), { body: map('d') });
    await ask(`${maps('all')}/d?dryRun=All`, { method: 'DELETE' });
    expect(events.at(-1)).not.toHaveProperty('requestObject');
    expect(events.at(-1)).toMatchObject({
      responseStatus: { metadata: {}, status: 'Success', details: { name: 'd' }, code: 200 },
      responseObject: { kind: 'Status', status: 'Success' },
    });
    const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' });
    await ask(`${maps('all')}/d`, { method: 'DELETE', body });
    expect(events.at(-1)).toMatchObject({ requestObject: JSON.parse(body) });
  });

  test('of a subresource shows that', async () => {
    await ask('/api/v1/namespaces/all/serviceaccounts', { body: map('sa') });
    const body = JSON.stringify({ spec: { audiences: ['x'] } });
    await ask('/api/v1/namespaces/all/serviceaccounts/sa/token', { body });
    expect(events.at(-1)).toMatchObject({
      objectRef: { resource: 'serviceaccounts', subresource: 'token', name: 'sa' },
      requestObject: { kind: 'TokenRequest', spec: { audiences: ['x'] } },
      responseObject: { kind: 'TokenRequest', status: { token: expect.any(String) } },
    });
  });

  test('for what is deprecated says so', async () => {
    await ask('/api/v1/namespaces/metadata/endpoints');
    expect(events.at(-1)?.annotations).toMatchObject({ 'k8s.io/deprecated': 'true' });
  });

  test('that is refused shows why', async () => {
    const { status } = await ask(maps('all'), { body: map('e'), as: 'jane' });
    expect(status).toBe(403);
    expect(events.at(-1)).toMatchObject({
      user: { username: 'jane', groups: ['dev', 'system:authenticated'] },
      responseStatus: { metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403 },
      responseObject: { kind: 'Status', code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
    });
    expect(events.at(-1)?.responseStatus?.message).toMatch(
      /^configmaps is forbidden: User "jane" cannot create/,
    );
    await ask(`${maps('all')}/none`);
    expect(events.at(-1)?.responseStatus).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'configmaps "none" not found',
      reason: 'NotFound',
      details: { name: 'none', kind: 'configmaps' },
      code: 404,
    });
  });

  test('whose sender is not believed is recorded once', async () => {
    const headers = { authorization: 'Bearer nonsense' };
    expect((await ask(maps('metadata'), { as: 'nobody', headers })).status).toBe(401);
    expect(events).toMatchObject([
      {
        stage: 'ResponseStarted',
        user: {},
        responseStatus: { status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 },
      },
    ]);
  });

  test('in another name shows both', async () => {
    const headers = { 'impersonate-user': 'joe', 'impersonate-group': 'ops' };
    await ask(maps('metadata'), { headers });
    expect(events[0]).not.toHaveProperty('impersonatedUser');
    expect(events[1]).toMatchObject({
      user: { username: 'root' },
      impersonatedUser: { username: 'joe', groups: ['ops', 'system:authenticated'] },
      responseStatus: { code: 403 },
    });
  });

  test('keeps the name that the client gave it, and little of a long user agent', async () => {
    await ask(maps('metadata'), { headers: { 'audit-id': 'mine', 'user-agent': 'x'.repeat(2000) } });
    expect(events[0]).toMatchObject({ auditID: 'mine', userAgent: `${'x'.repeat(1024)}...TRUNCATED` });
  });

  test('of no interest is not recorded, nor are stages that are left out', async () => {
    await ask('/healthz');
    await ask('/api/v1/namespaces');
    await ask('/api/v1/nodes');
    expect(events).toEqual([]);
    await ask(maps('quiet'));
    expect(stages()).toEqual(['ResponseComplete']);
  });

  test('for what is no resource has no object', async () => {
    await ask('/version?x=y');
    expect(stages()).toEqual(both);
    expect(events[1]).toMatchObject({
      requestURI: '/version?x=y',
      verb: 'get',
      responseStatus: { code: 200 },
    });
    expect(events[1]).not.toHaveProperty('objectRef');
  });
});

test('a watch is recorded when it begins and when it is over', async () => {
  await ask(`${maps('all')}?watch=true&timeoutSeconds=1`);
  await vi.waitFor(() => expect(events).toHaveLength(3));
  expect(stages()).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
  for (const event of events) expect(event).not.toHaveProperty('responseObject');
  expect(events.slice(1)).toMatchObject([
    { responseStatus: { code: 200 } },
    { responseStatus: { code: 200 } },
  ]);
});

describe('what asks from inside the process', () => {
  const transport = () =>
    t.api.transportFor({ name: 'inside', groups: ['system:masters'] }, { userAgent: 'inner' });

  test('is recorded like the others', async () => {
    const body = { metadata: { name: 'inner' } };
    await transport().request({ method: 'POST', path: maps('all'), body, query: { dryRun: 'All' } });
    expect(stages()).toEqual(both);
    expect(events[1]).toMatchObject({
      requestURI: `${maps('all')}?dryRun=All`,
      user: { username: 'inside', groups: ['system:masters'] },
      sourceIPs: ['127.0.0.1'],
      userAgent: 'inner',
      objectRef: { resource: 'configmaps', name: 'inner' },
      responseStatus: { code: 201 },
      requestObject: { kind: 'ConfigMap' },
      responseObject: { kind: 'ConfigMap' },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
    await expect(transport().request({ method: 'GET', path: `${maps('all')}/none` })).rejects.toThrow();
    expect(events.at(-1)).toMatchObject({ responseStatus: { reason: 'NotFound', code: 404 } });
  });

  test('is recorded when its watch begins and when it is over', async () => {
    const nothing = { onEvent: () => {}, onEnd: () => {} };
    const watch = await transport().watch({ method: 'GET', path: maps('metadata') }, nothing);
    await vi.waitFor(() => expect(stages()).toEqual(['RequestReceived', 'ResponseStarted']));
    watch.stop();
    expect(stages()).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
  });
});

test('the metrics tell how much is recorded', async () => {
  const { text } = await ask('/metrics');
  expect(text).toMatch(/^apiserver_audit_event_total [1-9]/m);
  expect(text).toMatch(/^apiserver_audit_level_total\{level="RequestResponse"\} [1-9]/m);
});
