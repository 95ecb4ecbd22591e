import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpTransport } from '../../client/http-transport.ts';
import type { WatchEvent } from '../../client/transport.ts';
import { connectHttps } from '../../platform/http-client.ts';
import { expired } from '../../machinery/status-error.ts';
import { deferred } from '../../platform/deferred.ts';
import { startTestServer, type TestServer, testCertificate } from './testing-server.ts';

type Pair = { certificate: string; key: string; ca: string };
let t: TestServer;
let admin: Pair;
let nobody: Pair;

beforeAll(async () => {
  t = await startTestServer();
  admin = await testCertificate({
    commonName: 'root',
    organizations: ['system:masters'],
    usages: ['client'],
  });
  nobody = await testCertificate({ commonName: 'jane', organizations: ['dev', 'ops'], usages: ['client'] });
});
afterAll(() => t.server.close(0));

interface Got {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: any;
}

function ask(
  path: string,
  options: {
    method?: string;
    body?: string | Buffer;
    headers?: Record<string, string | string[]>;
    as?: Pair;
  } = {},
): Promise<Got> {
  const { method = 'GET', body, headers, as = admin } = options;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      `${t.origin}${path}`,
      {
        method,
        headers: headers as Record<string, string>,
        ca: t.ca,
        cert: as?.certificate,
        key: as?.key,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {}
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const json = { 'content-type': 'application/json' };

describe('over HTTP/1.1', () => {
  test('creates, gets and lists', async () => {
    const made = await ask(configMaps, { method: 'POST', body: configMap('a'), headers: json });
    expect(made.status).toBe(201);
    expect(made.headers['content-type']).toBe('application/json');
    expect(made.headers['cache-control']).toBe('no-cache, private');
    expect(made.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect((await ask(`${configMaps}/a`)).json.metadata.name).toBe('a');
    const list = (await ask(configMaps)).json;
    expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(list.items[0].kind).toBeUndefined();
    expect(list.items[0].metadata.name).toBe('a');
  });

  test('what is missing is a Status', async () => {
    const { status, json } = await ask(`${configMaps}/none`);
    expect(status).toBe(404);
    expect(json).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 });
  });

  test('who may not is told what', async () => {
    const { status, json, headers } = await ask(configMaps, { as: nobody });
    expect(status).toBe(403);
    expect(json.message).toBe(
      'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
    expect(json.details).toEqual({ kind: 'configmaps' });
    expect(headers['x-content-type-options']).toBe('nosniff');
    const plain = await ask('/metrics', { as: nobody });
    expect(plain.json.message).toBe('forbidden: User "jane" cannot get path "/metrics"');
  });

  test('a client certificate of another authority is no credential', async () => {
    const { createAuthority, issue } = await import('../../cluster/pki.ts');
    const { systemClock: clock } = await import('../../platform/clock.ts');
    const { systemRandom: random } = await import('../../platform/random.ts');
    const other = await createAuthority({ clock, random });
    const forged = await issue(
      other,
      { commonName: 'root', organizations: ['system:masters'], usages: ['client'] },
      { clock, random },
    );
    const { status, json } = await ask(configMaps, { as: { ...forged, ca: t.ca } });
    expect(status).toBe(401);
    expect(json).toMatchObject({
      kind: 'Status',
      reason: 'Unauthorized',
      message: 'Unauthorized',
      code: 401,
    });
  });

  test('a server certificate does not make a client', async () => {
    const server = await testCertificate({
      commonName: 'root',
      organizations: ['system:masters'],
      usages: ['server'],
    });
    expect((await ask(configMaps, { as: server })).status).toBe(401);
  });

  test('types of bodies and answers are negotiated', async () => {
    const body = await ask(configMaps, {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    expect(body.status).toBe(415);
    expect(body.json.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
    const answer = await ask(configMaps, { headers: { accept: 'image/png' } });
    expect(answer.status).toBe(406);
    expect(answer.json.message).toBe(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
    const yaml = await ask(`${configMaps}/a`, { headers: { accept: 'application/yaml' } });
    expect(yaml.headers['content-type']).toBe('application/yaml');
    const table = await ask(configMaps, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
    });
    expect(table.json).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      columnDefinitions: [{ name: 'Name' }],
    });
    const partial = await ask(`${configMaps}/a`, {
      headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
    });
    expect(partial.json).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
  });

  test('a body may not be larger than 3 MiB', async () => {
    const body = Buffer.alloc(3 * 1024 * 1024 + 1, 'x');
    const { status, json } = await ask(configMaps, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(413);
    expect(json.message).toBe('Request entity too large: limit is 3145728');
  });

  test('impersonation needs leave and changes who asks', async () => {
    const as = { 'impersonate-user': 'jane', 'impersonate-group': ['a, b', 'c'] };
    const { json } = await ask(configMaps, { headers: as });
    expect(json.message).toContain('User "jane" cannot list');
    const refused = await ask(configMaps, { as: nobody, headers: { 'impersonate-user': 'bob' } });
    expect(refused.json.message).toBe(
      'configmaps is forbidden: User "jane" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "default"',
    );
    const masters = { 'impersonate-user': 'x', 'impersonate-group': 'system:masters' };
    await ask(configMaps, { headers: masters });
    expect(t.dispatcher.requests.at(-1)?.user).toMatchObject({
      name: 'x',
      groups: ['system:masters', 'system:authenticated'],
    });
    expect((await ask(configMaps, { headers: { 'impersonate-group': 'x' } })).status).toBe(400);
  });

  test('warnings come back in headers', async () => {
    t.dispatcher.onRequest = (request) => request.warn('say "no" to ü');
    const { headers } = await ask(configMaps);
    t.dispatcher.onRequest = () => {};
    expect(headers.warning).toBe('299 - "say \\"no\\" to ü"');
  });

  test('a request that takes too long is ended', async () => {
    const stuck = deferred();
    let signal: AbortSignal | undefined;
    t.dispatcher.onRequest = (request) => {
      signal = request.signal;
      return stuck.promise;
    };
    const { status, json } = await ask(`${configMaps}?timeout=20ms`);
    expect(status).toBe(504);
    expect(json.reason).toBe('Timeout');
    expect(signal?.aborted).toBe(true);
    t.dispatcher.onRequest = () => {};
    stuck.resolve();
    expect((await ask(`${configMaps}?timeout=bad`)).status).toBe(400);
  });

  test('a bug is a 500 without its details', async () => {
    t.dispatcher.onRequest = () => {
      throw new TypeError('secret');
    };
    const { status, text } = await ask(configMaps);
    t.dispatcher.onRequest = () => {};
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
  });

  test('broken requests end with an answer or the connection, never the process', async () => {
    const raw = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = tlsConnect({
          host: '127.0.0.1',
          port: t.server.port,
          ca: t.ca,
          ALPNProtocols: ['http/1.1'],
        });
        let got = '';
        socket.on('data', (chunk) => {
          got += chunk;
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(got));
        socket.write(text);
      });
    expect(await raw('GARBAGE\r\n\r\n')).toContain('400 Bad Request');
    expect(await raw('GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain('"code":400');
    expect(await raw('GET /api/v1/watch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain(
      '"code":400',
    );
    await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`);
    const upgrade = 'Connection: Upgrade\r\nUpgrade: h3\r\n';
    expect(await raw(`GET /api/v1/pods HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`)).toContain('400');
    expect((await ask(configMaps)).status).toBe(200);
  });

  test('a watch is a line an event', async () => {
    const lines = await new Promise<string[]>((resolve) => {
      const options = { ca: t.ca, cert: admin.certificate, key: admin.key, agent: false };
      const request = httpsRequest(`${t.origin}${configMaps}?watch=1`, options, (response) => {
        expect(response.headers['transfer-encoding']).toBe('chunked');
        let got = '';
        response.on('data', (chunk) => {
          got += chunk;
          if (got.split('\n').length < 3) return;
          request.destroy();
          resolve(got.split('\n'));
        });
        void ask(configMaps, { method: 'POST', body: configMap('later'), headers: json });
      });
      request.on('error', () => {});
      request.end();
    });
    expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'a' } } },
      { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'later' } } },
    ]);
    await expect.poll(() => t.dispatcher.sinks.size).toBe(0);
  });
});

describe('over HTTP/2', () => {
  const transport = () =>
    new HttpTransport({
      connect: connectHttps,
      servers: [t.origin],
      tls: { ca: t.ca, cert: admin.certificate, key: admin.key },
      userAgent: 'test',
    });

  test('many requests on one connection', async () => {
    const client = transport();
    const create = (name: string) =>
      client.request({ method: 'POST', path: configMaps, body: JSON.parse(configMap(name)) });
    await Promise.all(Array.from({ length: 300 }, (_, i) => create(`h2-${i}`)));
    await expect(create('h2-1')).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' });
    const got = await client.request({ method: 'GET', path: `${configMaps}/h2-7` });
    expect(got).toMatchObject({ metadata: { name: 'h2-7' } });
    client.close();
  });

  test('a watch that is stopped frees its place; a server that ends it is told from one that broke off', async () => {
    const client = transport();
    const events: WatchEvent[] = [];
    const stream = await client.watch(
      { method: 'GET', path: configMaps },
      { onEvent: (event) => events.push(event), onEnd: () => {} },
    );
    await expect.poll(() => events.length).toBeGreaterThan(300);
    stream.stop();
    await expect.poll(() => t.dispatcher.sinks.size).toBe(0);
    const ended = deferred<Error | undefined>();
    await client.watch({ method: 'GET', path: configMaps }, { onEvent: () => {}, onEnd: ended.resolve });
    await expect.poll(() => t.dispatcher.sinks.size).toBe(1);
    for (const sink of t.dispatcher.sinks) sink.onEnd();
    expect(await ended.promise).toBeUndefined();
    t.dispatcher.sinks.clear();
    const failed = deferred<Error | undefined>();
    await client.watch({ method: 'GET', path: configMaps }, { onEvent: () => {}, onEnd: failed.resolve });
    await expect.poll(() => t.dispatcher.sinks.size).toBe(1);
    for (const sink of t.dispatcher.sinks) sink.onEnd(expired('too old resource version: 1 (5)'));
    expect(await failed.promise).toMatchObject({ code: 410, reason: 'Expired' });
    t.dispatcher.sinks.clear();
    client.close();
  });
});
