import { request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Metric } from '../platform/metrics/metric.ts';
import { startApiServer, type TestApiServer } from './testing-api-server.ts';

let t: TestApiServer;
let admin: { cert: string; key: string };

const cpuSeconds: Metric = {
  name: 'process_cpu_seconds_total',
  type: 'counter',
  help: 'Of old.',
  values: () => [{ labels: {}, value: 4321 }],
};

beforeAll(async () => {
  t = await startApiServer({ metrics: async () => [cpuSeconds] });
  admin = await t.client('root', 'system:masters');
  await ask(`${configMaps}`, { method: 'POST', body: configMap('a') });
  await ask(`${configMaps}`, { method: 'POST', body: configMap('b') });
});
afterAll(() => t.stop());

interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into, whatever they are.
  json: any;
  text: string;
}

/** Sends a request and reads the answer to its end. */
function ask(path: string, { method = 'GET', body, headers = {} }: Options = {}): Promise<Reply> {
  const all = body === undefined ? headers : { 'content-type': 'application/json', ...headers };
  return new Promise((resolve, reject) => {
    const options = { method, headers: all, ca: t.ca, agent: false, ...admin };
    const request = httpsRequest(`${t.origin}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode: status = 0, headers } = response;
        resolve({
          status,
          headers,
          bytes,
          text: bytes.toString(),
          get json() {
            return JSON.parse(bytes.toString());
          },
        });
      });
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: 'b' },
});
const as = (kind: string, type = 'application/json') => `${type};as=${kind};v=v1;g=meta.k8s.io`;
const events = ({ text }: Reply) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const said = (reply: Reply) =>
  events(reply).map((e) => `${e.type} ${e.object.metadata?.name ?? e.object.reason ?? '-'}`);

describe('a watch over HTTP', () => {
  const short = 'watch=true&timeoutSeconds=1';

  test('sends what there is, and marks where that ends', async () => {
    const reply = await ask(`${configMaps}?${short}&allowWatchBookmarks=true&fieldSelector=metadata.name=a`);
    expect(reply.headers['content-type']).toBe('application/json');
    expect(said(reply)).toEqual(['ADDED a', 'BOOKMARK -']);
    const [, end] = events(reply);
    expect(end.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  test('is also served under the old paths, for all, one namespace and one object', async () => {
    const watched = (path: string) => ask(`/api/v1/watch/${path}?timeoutSeconds=1`).then(said);
    const [all, one] = await Promise.all([
      watched('namespaces/default/configmaps'),
      watched('namespaces/default/configmaps/b'),
    ]);
    expect(all).toEqual(expect.arrayContaining(['ADDED a', 'ADDED b']));
    expect(one).toEqual(['ADDED b']);
    const posted = await ask('/api/v1/watch/configmaps', { method: 'POST', body: {} });
    expect(posted.json).toMatchObject({ code: 405, reason: 'MethodNotAllowed' });
  });

  test('can show tables, the head in the first one alone, and metadata alone', async () => {
    const query = `${short}&allowWatchBookmarks=true&includeObject=None`;
    const tables = events(await ask(`${configMaps}?${query}`, { headers: { accept: as('Table') } }));
    expect(tables.every((e) => e.object.kind === 'Table')).toBe(true);
    expect(tables[0].object.columnDefinitions[0].name).toBe('Name');
    expect(tables.slice(1).every((e) => e.object.columnDefinitions.length === 0)).toBe(true);
    const mark = tables.find((e) => e.type === 'BOOKMARK').object.rows[0];
    expect(mark.object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
    const partial = await ask(`${configMaps}?${short}`, { headers: { accept: as('PartialObjectMetadata') } });
    expect(events(partial)[0].object).toMatchObject({ kind: 'PartialObjectMetadata' });
    expect(events(partial)[0].object.data).toBeUndefined();
  });

  test('speaks protobuf, of objects and of metadata', async () => {
    const type = 'application/vnd.kubernetes.protobuf';
    for (const accept of [`${type};stream=watch`, as('PartialObjectMetadata', type)]) {
      const reply = await ask(`${configMaps}?${short}`, { headers: { accept } });
      expect(reply.headers['content-type']).toBe(`${type};stream=watch`);
      expect(reply.bytes.readUInt32BE(0)).toBeLessThan(reply.bytes.length);
      expect(reply.bytes.includes('k8s\0')).toBe(true);
    }
  });

  test('answers a bad start with a status, a lost one among its events; is never compressed', async () => {
    const bad = await ask(`${configMaps}?${short}&resourceVersion=x`);
    expect(bad.json).toMatchObject({ kind: 'Status', code: 400 });
    const headers = { 'accept-encoding': 'gzip' };
    const lost = await ask(
      `${configMaps}?${short}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999999`,
      { headers },
    );
    expect([lost.status, lost.headers['content-encoding']]).toEqual([200, undefined]);
    expect(events(lost)).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 504 } }]);
  });
});

describe('what a client takes', () => {
  const get = (path: string, accept: string) => ask(path, { headers: { accept } });

  test('is chosen by quality, then by order', async () => {
    const list = (accept: string) => get(configMaps, accept).then((r) => r.headers['content-type']);
    expect(await list('application/yaml;q=0.5, application/json;q=0.9')).toBe('application/json');
    expect(await list('application/json;q=0.5, application/yaml')).toBe('application/yaml');
    expect(await list('text/html, */*;q=0.1')).toBe('application/json');
    const fallback = await get(configMaps, 'application/json;as=Table;v=v9;g=meta.k8s.io, application/json');
    expect(fallback.json.kind).toBe('ConfigMapList');
    const table = await get(configMaps, `${as('Table')}, application/json`);
    expect(table.json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
  });

  test('may be nothing there is', async () => {
    const refused = await get(configMaps, 'text/html');
    expect(refused.json).toMatchObject({
      code: 406,
      reason: 'NotAcceptable',
      message:
        'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    });
    const watch = await get(`${configMaps}?watch=1`, 'application/yaml');
    expect(watch.text).toContain(
      'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    );
  });

  test('can be metadata: of one object, of a list, in JSON and protobuf', async () => {
    const one = await get(`${configMaps}/a`, as('PartialObjectMetadata'));
    expect(Object.keys(one.json)).toEqual(['kind', 'apiVersion', 'metadata']);
    const list = await get(`${configMaps}?limit=1`, as('PartialObjectMetadataList'));
    expect(list.json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(list.json.metadata.remainingItemCount).toBeGreaterThan(0);
    const type = 'application/vnd.kubernetes.protobuf';
    const bytes = (await get(configMaps, as('PartialObjectMetadataList', type))).bytes;
    expect(bytes.subarray(0, 4).toString()).toBe('k8s\0');
    expect(bytes.includes('PartialObjectMetadataList')).toBe(true);
    const wrong = await get(configMaps, as('PartialObjectMetadata'));
    expect(wrong.json).toMatchObject({ code: 406, reason: 'NotAcceptable' });
  });

  test('can be a table, with as much of the objects as it asks for', async () => {
    const rows = async (include: string) =>
      (await get(`${configMaps}?includeObject=${include}`, as('Table'))).json.rows;
    expect((await rows('None'))[0].object).toBeUndefined();
    expect((await rows('Object'))[0].object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    const old = await get(`${configMaps}/a`, 'application/json;as=Table;v=v1beta1;g=meta.k8s.io');
    expect(old.json).toMatchObject({
      apiVersion: 'meta.k8s.io/v1beta1',
      rows: [{ object: { apiVersion: 'meta.k8s.io/v1beta1' } }],
    });
    expect((await get(`${configMaps}?includeObject=Most`, as('Table'))).status).toBe(400);
  });

  test('of a scale has its own columns', async () => {
    const body = {
      metadata: { name: 'r' },
      spec: {
        replicas: 4,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    };
    await ask('/apis/apps/v1/namespaces/default/replicasets', { method: 'POST', body });
    const table = (await get('/apis/apps/v1/namespaces/default/replicasets/r/scale', as('Table'))).json;
    expect(table.columnDefinitions.map((c: { name: string }) => c.name)).toEqual([
      'Name',
      'Desired',
      'Available',
      'Age',
    ]);
    expect(table.rows[0].cells.slice(0, 3)).toEqual(['r', 4, 0]);
  });
});

describe('compression', () => {
  test('is for large answers to clients that take it', async () => {
    const large = { ...configMap('large'), data: { text: 'x'.repeat(200_000) } };
    await ask(configMaps, { method: 'POST', body: large });
    const get = (encoding: string, name = 'large') =>
      ask(`${configMaps}/${name}`, { headers: { 'accept-encoding': encoding } });
    const packed = await get('br, gzip');
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(JSON.parse(gunzipSync(packed.bytes).toString()).data.text).toHaveLength(200_000);
    for (const refused of ['gzip;q=0', 'deflate, gzip; q=0.0', 'identity']) {
      expect((await get(refused)).headers['content-encoding']).toBeUndefined();
    }
    expect((await get('gzip', 'a')).headers['content-encoding']).toBeUndefined();
  });
});

describe('health', () => {
  test('leaves out what it is told to, and says what it does not know', async () => {
    const ready = await ask('/readyz?verbose&exclude=etcd&exclude=nope&exclude=also');
    expect(ready.headers['x-content-type-options']).toBe('nosniff');
    const lines = ready.text.split('\n');
    expect(lines.slice(0, 6)).toEqual([
      '[+]ping ok',
      '[+]log ok',
      '[+]etcd excluded: ok',
      '[+]etcd-readiness ok',
      '[+]informer-sync ok',
      '[+]shutdown ok',
    ]);
    expect(lines.at(-3)).toBe('warn: some health checks cannot be excluded: no matches for "also","nope"');
    expect(lines.at(-2)).toBe('readyz check passed');
    expect((await ask('/readyz/informer-sync')).text).toBe('ok');
    expect((await ask('/livez/nothing')).status).toBe(404);
  });
});

describe('metrics', () => {
  test('have the names and labels that dashboards ask for', async () => {
    await ask(`${configMaps}/missing`);
    await ask(`${configMaps}?dryRun=All`, { method: 'POST', body: configMap('dry') });
    await ask(`${configMaps}?watch=1&timeoutSeconds=1`);
    await ask('/api/v1/componentstatuses');
    const { text, headers } = await ask('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const series = (name: string, labels: Record<string, string>) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`))
        .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)));
    const maps = { group: '', version: 'v1', resource: 'configmaps' };
    const total = 'apiserver_request_total';
    expect(
      series(total, { ...maps, verb: 'POST', code: '201', scope: 'resource', dry_run: 'All' }),
    ).toHaveLength(1);
    expect(series(total, { ...maps, verb: 'WATCH', code: '200', scope: 'namespace' })).toHaveLength(1);
    expect(
      series('apiserver_request_duration_seconds_bucket', { ...maps, verb: 'POST', le: '+Inf' }),
    ).not.toEqual([]);
    expect(series('apiserver_request_sli_duration_seconds_count', { ...maps, verb: 'POST' })).toHaveLength(1);
    expect(series('apiserver_longrunning_requests', { ...maps, verb: 'WATCH' })[0]).toMatch(/ 0$/);
    expect(series('apiserver_watch_events_total', maps)[0]).toMatch(/ [1-9]\d*$/);
    expect(series('apiserver_current_inflight_requests', { request_kind: 'mutating' })).toHaveLength(1);
    expect(
      series('apiserver_storage_objects', { resource: 'clusterroles.rbac.authorization.k8s.io' }),
    ).toHaveLength(1);
    expect(series('apiserver_resource_objects', { resource: 'namespaces' })[0]).toMatch(/ 4$/);
    const deprecated = { ...maps, resource: 'componentstatuses', removed_release: '' };
    expect(series('apiserver_requested_deprecated_apis', deprecated)[0]).toMatch(/ 1$/);
    expect(series('kubernetes_build_info', { major: '1', minor: '36' })).toHaveLength(1);
    expect(text).toContain('process_resident_memory_bytes');
    expect(series(total, { resource: 'missing' })).toEqual([]);
  });

  test('of the process are those of whoever has read them', async () => {
    const { text } = await ask('/metrics');
    expect(text.match(/^process_cpu_seconds_total .*$/gm)).toEqual(['process_cpu_seconds_total 4321']);
  });
});

describe('a path', () => {
  const base = '/api/v1/namespaces/default';
  test.each([
    ['HEAD', configMaps, 405],
    ['HEAD', `${configMaps}/a`, 405],
    ['HEAD', '/healthz', 200],
    ['GET', `${base}/bindings`, 405],
    ['GET', `${base}/bindings?fieldSelector=metadata.name=a`, 405],
    ['GET', `${base}/bindings/a`, 404],
    ['PUT', `${base}/bindings/a`, 404],
    ['DELETE', `${base}/bindings/a`, 404],
    ['POST', `${base}/bindings/a`, 404],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews/a', 404],
    ['GET', '/api/v1/componentstatuses/none', 404],
    ['POST', `${base}/pods/a`, 405],
    ['GET', '/api/v1/proxy/nodes/a', 404],
    ['GET', '/api/v1/proxy/namespaces/default/services/a', 404],
    ['GET', '/api/v1/redirect/nodes/a', 404],
  ])('has its methods, or there is none: %s %s', async (method, path, code) => {
    const body = method === 'PUT' || method === 'POST' ? {} : undefined;
    expect((await ask(path, { method, body })).status).toBe(code);
  });
});
