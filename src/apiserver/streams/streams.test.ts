import { createServer, type Server, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { gzipSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { systemConnector } from '../../platform/connect.ts';
import { startApiServer, type TestApiServer } from '../testing-api-server.ts';

let t: TestApiServer;
let kubelet: Server;
let admin: { cert: string; key: string };
let jane: { cert: string; key: string };
const dialed: object[] = [];
const seen: { url: string; headers: Record<string, unknown> }[] = [];

/** What a backend heard on a connection after it had refused to turn it into something else. */
const heardAfterRefusal: Buffer[] = [];

const page = '<html><a href="/x">\u00e9</a><a href="y">';

function sendPage(url: string, response: ServerResponse): void {
  const packed = url === '/page.gz';
  const body = packed ? gzipSync(page) : Buffer.from(page);
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length };
  response.writeHead(200, packed ? { ...headers, 'content-encoding': 'gzip' } : headers).end(body);
}

/** A kubelet's server as far as these tests need one: logs, an echo for upgrades, and pages for proxies. */
function startKubelet(): Promise<Server> {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    if (request.url?.startsWith('/containerLogs/default/web/lost'))
      return void response.writeHead(404).end('x');
    if (request.url === '/echo') {
      response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
      return void response.end(JSON.stringify({ method: request.method, headers: request.headers }));
    }
    if (request.url?.startsWith('/page')) return sendPage(request.url, response);
    if (request.url === '/absolute')
      return void response.writeHead(302, { location: `http://10.2.0.5:8080/here?x` }).end();
    if (request.url?.includes('/broken')) {
      response.writeHead(400);
      return void response.end('container "main" in pod "broken" is waiting to start: ContainerCreating');
    }
    if (request.url === '/move') return void response.writeHead(302, { location: '/moved' }).end();
    response.writeHead(200, { 'content-type': 'text/plain', 'x-from': 'kubelet' });
    if (request.method === 'POST') request.pipe(response);
    else response.end(`one\ntwo\n${request.url}`);
  });
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    if (request.url?.includes('/broken')) {
      const text = 'container not found ("main")\n';
      return void socket.end(`HTTP/1.1 500 Error\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    }
    if (request.url === '/refused') {
      heardAfterRefusal.push(head);
      socket.on('data', (chunk: Buffer) => heardAfterRefusal.push(chunk)).on('end', () => socket.end());
      return void socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno');
    }
    if (request.url?.includes('/two')) return void socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      return sockets.handleUpgrade(request, socket, head, (ws) => ws.on('message', (data) => ws.send(data)));
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
    socket.pipe(socket);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const container = (name: string) => ({ name, image: 'x' });

beforeAll(async () => {
  kubelet = await startKubelet();
  const { port } = kubelet.address() as AddressInfo;
  t = await startApiServer({
    nodes: {
      connect: ({ node }, options) => {
        if (node === 'down') return systemConnector({ host: '127.0.0.1', port: 1, timeoutMs: 1000 });
        dialed.push({ ...options });
        return systemConnector({ host: '127.0.0.1', port, timeoutMs: 1000 });
      },
      connectTo: ({ host, port: other }, { tls }) => {
        dialed.push({ host, port: other, tls });
        return systemConnector({ host: '127.0.0.1', port, timeoutMs: 1000 });
      },
    },
    pods: () => systemConnector({ host: '127.0.0.1', port, timeoutMs: 1000 }),
  });
  admin = await t.client('root', 'system:masters');
  jane = await t.client('jane', 'dev');
  const api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
  const post = (path: string, body: unknown) => api.request({ method: 'POST', path, body });
  await post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  await post('/api/v1/nodes', {
    metadata: { name: 'n1' },
    status: {
      addresses: [{ type: 'InternalIP', address: '10.1.1.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  });
  await post('/api/v1/nodes', {
    metadata: { name: 'down' },
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] },
  });
  for (const [name, nodeName, names] of [
    ['web', 'n1', ['main']],
    ['broken', 'n1', ['main']],
    ['two', 'n1', ['a', 'b']],
    ['waiting', undefined, ['main']],
    ['orphan', 'gone', ['main']],
    ['unreachable', 'down', ['main']],
  ] as const) {
    const initContainers = name === 'two' ? [container('first')] : undefined;
    await post('/api/v1/namespaces/default/pods', {
      metadata: { name },
      spec: { nodeName, initContainers, containers: names.map(container) },
    });
  }
  const pod: any = await api.request({ method: 'GET', path: '/api/v1/namespaces/default/pods/web' });
  const body = { ...pod, status: { ...pod.status, podIP: '10.2.0.5', podIPs: [{ ip: '10.2.0.5' }] } };
  await api.request({ method: 'PUT', path: '/api/v1/namespaces/default/pods/web/status', body });
});
afterAll(async () => {
  await t.stop();
  kubelet.closeAllConnections();
  kubelet.close();
});

const pods = '/api/v1/namespaces/default/pods';

interface Asked {
  method?: string;
  body?: string;
  as?: typeof admin;
  encoding?: BufferEncoding;
}

function ask(path: string, options: Asked = {}) {
  const { method = 'GET', body, as = admin, encoding = 'utf8' } = options;
  return new Promise<{ status: number; headers: any; text: string; json: any }>((resolve, reject) => {
    const request = httpsRequest(
      `${t.origin}${path}`,
      { method, ca: t.ca, ...as, agent: false },
      (response) => {
        let text = '';
        response.setEncoding(encoding);
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const isJson = response.headers['content-type'] === 'application/json';
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
    request.end(body);
  });
}

describe('logs', () => {
  test('come from the kubelet', async () => {
    const { status, text, headers } = await ask(`${pods}/web/log?follow=true&tailLines=5&pretty=1`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain');
    expect(text).toBe('one\ntwo\n/containerLogs/default/web/main?follow=true&tailLines=5');
  });

  test('need a container that is there', async () => {
    expect((await ask(`${pods}/two/log`)).json.message).toBe(
      'a container name must be specified for pod two, choose one of: [first a b]',
    );
    expect((await ask(`${pods}/two/log?container=c`)).json.message).toBe(
      'container c is not valid for pod two',
    );
    expect((await ask(`${pods}/waiting/log`)).status).toBe(204);
    expect((await ask(`${pods}/none/log`)).status).toBe(404);
    expect((await ask(`${pods}/web/log?tailLines=-1`)).status).toBe(422);
    expect((await ask(`${pods}/web/log?tailLines=x`)).status).toBe(400);
  });

  test.each([
    ['tailLines=-1', 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['limitBytes=0', 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0', 'sinceSeconds: Invalid value: 0: must be greater than 0'],
    [
      'sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z',
      '[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    ['stream=both', 'stream: Unsupported value: "both": supported values: "All", "Stderr", "Stdout"'],
    [
      'stream=Stdout&tailLines=1',
      '[]: Forbidden: `tailLines` and specific `stream` are mutually exclusive for now',
    ],
  ])('with %s are refused', async (query, why) => {
    const { status, json } = await ask(`${pods}/web/log?${query}`);
    expect([status, json.message]).toEqual([422, `PodLogOptions "web" is invalid: ${why}`]);
  });

  test('with a time that is none are a bad request', async () => {
    expect((await ask(`${pods}/web/log?sinceTime=x`)).json.message).toBe(
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    );
    expect((await ask(`${pods}/web/log?limitBytes=`)).json.message).toBe(
      'strconv.ParseInt: parsing "": invalid syntax',
    );
  });

  test('may come over a connection that is not checked', async () => {
    dialed.length = 0;
    await ask(`${pods}/web/log`);
    await ask(`${pods}/web/log?insecureSkipTLSVerifyBackend=true&stream=Stderr`);
    expect(dialed).toEqual([{}, { insecure: true }]);
    expect(seen.at(-1)?.url).toBe('/containerLogs/default/web/main?stream=Stderr');
  });

  test('of a node that is gone, or does not answer', async () => {
    expect((await ask(`${pods}/orphan/log`)).json).toMatchObject({
      code: 404,
      message: 'nodes "gone" not found',
    });
    expect((await ask(`${pods}/unreachable/log`)).json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'Get "https://127.0.0.1:10250/containerLogs/default/unreachable/main": dial tcp 127.0.0.1:1: connect: connection refused',
      code: 500,
    });
  });

  test('come over a WebSocket as well, and what is wrong as a Status', async () => {
    const dial = (pod: string) =>
      new WebSocket(`${t.origin.replace('https', 'wss')}${pods}/${pod}/log`, ['v5.channel.k8s.io'], {
        ca: t.ca,
        ...admin,
      });
    const ws = dial('web');
    await new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject));
    ws.terminate();
    const refused = dial('broken');
    refused.on('error', () => {});
    const json = await new Promise<any>((resolve) =>
      refused.on('unexpected-response', async (_request, response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve(JSON.parse(text));
      }),
    );
    expect(json).toMatchObject({ kind: 'Status', code: 500, message: expect.stringContaining('not found') });
  });

  test('the kubelet says why there are none', async () => {
    const { status, json } = await ask(`${pods}/broken/log`);
    expect(status).toBe(400);
    expect(json.message).toBe('container "main" in pod "broken" is waiting to start: ContainerCreating');
  });
});

describe('upgrades', () => {
  const dial = (path: string, as = admin) =>
    new WebSocket(`${t.origin.replace('https', 'wss')}${path}`, ['v5.channel.k8s.io'], { ca: t.ca, ...as });

  test('a WebSocket leads to the kubelet', async () => {
    const ws = dial(`${pods}/web/exec?command=sh&command=-c&stdin=true&stdout=true&tty=false`);
    const echoed = new Promise((resolve) => ws.on('message', (data) => resolve(data.toString())));
    await new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject));
    ws.send('hello');
    expect(await echoed).toBe('hello');
    expect(ws.protocol).toBe('v5.channel.k8s.io');
    expect(seen.at(-1)?.url).toBe('/exec/default/web/main?input=1&output=1&command=sh&command=-c');
    ws.terminate();
  });

  test('so does SPDY', async () => {
    const options = {
      ca: t.ca,
      ...admin,
      agent: false,
      method: 'POST',
      headers: { connection: 'upgrade', upgrade: 'SPDY/3.1' },
    };
    const socket = await new Promise<Duplex>((resolve, reject) => {
      const request = httpsRequest(`${t.origin}${pods}/web/portforward`, options);
      request.on('upgrade', (_response, upgraded) => resolve(upgraded));
      request.on('error', reject);
      request.end();
    });
    socket.write('ping');
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toBe('ping');
    socket.destroy();
    expect(seen.at(-1)?.url).toBe('/portForward/default/web');
  });

  test('are refused in the terms of the API', async () => {
    const refusal = (path: string, as = admin) =>
      new Promise<{ status: number; message: string }>((resolve) => {
        const ws = dial(path, as);
        ws.on('error', () => {});
        ws.on('unexpected-response', (_request, response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, message: JSON.parse(text).message }),
          );
        });
      });
    expect(await refusal(`${pods}/web/exec`, jane)).toEqual({
      status: 403,
      message:
        'pods "web" is forbidden: User "jane" cannot get resource "pods/exec" in API group "" in the namespace "default"',
    });
    expect((await refusal(`${pods}/waiting/exec`)).message).toBe('pod waiting does not have a host assigned');
    expect((await refusal(`${pods}/none/attach`)).status).toBe(404);
    expect((await ask(`${pods}/web/exec`, { method: 'POST' })).json.message).toBe('Upgrade request required');
  });
});

describe('commands that cannot begin', () => {
  const heard = (pod: string, protocol: string) =>
    new Promise<{ text: string; channel?: number; code?: number }>((resolve) => {
      const url = `${t.origin.replace('https', 'wss')}${pods}/${pod}/exec?stdout=1&command=x`;
      const ws = new WebSocket(url, [protocol], { ca: t.ca, ...admin });
      let said: Buffer = Buffer.alloc(1);
      ws.on('error', () => {});
      ws.on('message', (data: Buffer) => {
        said = data;
      });
      ws.on('close', (code) => resolve({ text: said.toString('utf8', 1), channel: said[0], code }));
      ws.on('unexpected-response', async (_request, response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve({ text });
      });
    });

  test('are told on the stream for errors where the client knows that', async () => {
    const refused = await heard('broken', 'v5.channel.k8s.io');
    expect(refused).toMatchObject({ channel: 3, code: 1000 });
    expect(JSON.parse(refused.text)).toMatchObject({
      status: 'Failure',
      reason: 'InternalError',
      message: 'Internal error occurred: unable to upgrade connection: container not found ("main")',
    });
    expect(JSON.parse((await heard('unreachable', 'v5.channel.k8s.io')).text).message).toBe(
      'Internal error occurred: error sending request: Post "https://127.0.0.1:10250/exec/default/unreachable/main?output=1&command=x": dial tcp 127.0.0.1:1: connect: connection refused',
    );
  });

  test('are the kubelet\u2019s own answer where it does not', async () => {
    expect((await heard('broken', 'v4.channel.k8s.io')).text).toBe('container not found ("main")\n');
    expect(JSON.parse((await heard('unreachable', 'v4.channel.k8s.io')).text)).toMatchObject({
      code: 500,
      message: 'error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused',
    });
  });
});

describe('proxies', () => {
  test('pass requests, bodies, answers and redirects on', async () => {
    const got = await ask(`${pods}/http:web:8080/proxy/a%2Fb?x=1`);
    expect(got.text).toBe('one\ntwo\n/a/b?x=1');
    expect(got.headers['x-from']).toBe('kubelet');
    const host = t.origin.slice('https://'.length);
    const uri = `${pods}/http:web:8080/proxy/a/b`;
    expect(seen.at(-1)?.headers).toMatchObject({ host, 'x-forwarded-uri': uri });
    expect(seen.at(-1)?.headers['x-forwarded-for']).toMatch(/127\.0\.0\.1$/);
    expect(seen.at(-1)?.headers.authorization).toBeUndefined();
    expect((await ask(`${pods}/web:80/proxy/`, { method: 'POST', body: 'echo' })).text).toBe('echo');
    expect((await ask(`${pods}/web/proxy`)).headers.location).toBe(`${pods}/web/proxy/`);
    expect((await ask(`${pods}/web/proxy/move`)).headers.location).toBe(`${pods}/web/proxy/moved`);
    expect((await ask('/api/v1/nodes/n1/proxy/pods')).text).toBe('one\ntwo\n/pods');
    expect((await ask('/api/v1/namespaces/default/nodes/n1/proxy/pods')).status).toBe(404);
  });

  test.each([
    ['a%2F..%2F%2e%2e/b%20c%3F/', '/b%20c%3F/'],
    ['a//b?x=%2F..&y=(z)', '/a/b?x=%2F..&y=(z)'],
    ['%2E%2E%2Fother', '/other'],
  ])('ask of %s what the path says once it is decoded, and no more', async (path, asked) => {
    expect((await ask(`${pods}/web:80/proxy/${path}`)).text).toBe(`one\ntwo\n${asked}`);
  });

  test('are not reached by the old path of watches, whose verb says nothing of the method', async () => {
    seen.length = 0;
    for (const [method, path, status] of [
      ['POST', '/api/v1/watch/nodes/n1/proxy/run', 405],
      ['POST', '/api/v1/watch/namespaces/default/pods/web/proxy/run', 405],
      ['GET', '/api/v1/watch/namespaces/default/pods/web/proxy/', 404],
    ] as const)
      expect((await ask(path, { method })).status, path).toBe(status);
    expect(seen).toEqual([]);
  });

  test('carry every method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const { json, headers } = await ask(`${pods}/web/proxy/echo`, { method });
      expect(json.method).toBe(method);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    const head = await ask(`${pods}/web/proxy/page`, { method: 'HEAD' });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([
      200,
      '',
      String(Buffer.byteLength(page)),
    ]);
  });

  test('make links of pages and redirects lead through them', async () => {
    const expected = page.replace('/x', `${pods}/web/proxy/x`);
    expect((await ask(`${pods}/web/proxy/page`)).text).toBe(expected);
    const packed = await ask(`${pods}/web/proxy/page.gz`, { encoding: 'latin1' });
    expect(gunzipSync(Buffer.from(packed.text, 'latin1')).toString()).toBe(expected);
    const { headers } = await ask(`${pods}/web:8080/proxy/absolute`);
    expect(headers.location).toBe(`${pods}/web:8080/proxy/here?x`);
  });

  test('pass upgrades on', async () => {
    const ws = new WebSocket(
      `${t.origin.replace('https', 'wss')}${pods}/web/proxy/chat`,
      ['v5.channel.k8s.io'],
      {
        ca: t.ca,
        ...admin,
      },
    );
    const echoed = new Promise((resolve) => ws.on('message', (data) => resolve(data.toString())));
    await new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject));
    ws.send('hello');
    expect(await echoed).toBe('hello');
    expect(seen.at(-1)?.url).toBe('/chat');
    ws.terminate();
  });

  test('an upgrade that is refused leaves the client no way to the backend', async () => {
    const { hostname, port } = new URL(t.origin);
    const socket = tlsConnect({ host: hostname, port: Number(port), ca: t.ca, ...admin });
    const smuggled = 'GET /run HTTP/1.1\r\nHost: x\r\nX-Remote-Group: system:masters\r\n\r\n';
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk;
      socket.write(smuggled);
    });
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
    const head = `GET ${pods}/web/proxy/refused HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`;
    socket.write(head + smuggled);
    await closed;
    expect(text).toBe('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno');
    expect(Buffer.concat(heardAfterRefusal).toString()).toBe('');
  });

  test('lead to other ports of a node, but not to this machine', async () => {
    dialed.length = 0;
    expect((await ask('/api/v1/nodes/https:n1:9100/proxy/pods')).text).toBe('one\ntwo\n/pods');
    expect(dialed).toEqual([{ host: '10.1.1.1', port: 9100, tls: true }]);
    expect((await ask('/api/v1/nodes/down:9100/proxy/')).json.message).toBe('address not allowed');
    expect((await ask('/api/v1/nodes/n1:x/proxy/')).json.message).toBe('invalid node request "n1:x"');
    expect((await ask('/api/v1/nodes/down/proxy/')).json).toMatchObject({
      code: 503,
      message: 'error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused',
    });
  });

  test('do not lead to the server itself', async () => {
    expect((await ask(`${pods}/two/proxy/`)).json.message).toBe('address not allowed');
    expect((await ask(`${pods}/x:y:z/proxy/`)).status).toBe(400);
  });

  test('a service without endpoints', async () => {
    const services = '/api/v1/namespaces/default/services';
    const api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
    const spec = { clusterIP: 'None', ports: [{ port: 80, protocol: 'TCP' }] };
    await api.request({ method: 'POST', path: services, body: { metadata: { name: 's' }, spec } });
    const { status, json } = await ask(`${services}/s/proxy/`);
    expect(status).toBe(503);
    expect(json.message).toBe('no endpoints available for service "s"');
    const message = async (name: string) => (await ask(`${services}/${name}/proxy/`)).json.message;
    expect(await message('s:81')).toBe('no service port 81 found for service "s"');
    expect(await message('s:x')).toBe('no endpoints available for service "s"');
    expect(await message('ftp:s:x')).toBe('invalid service request "ftp:s:x"');
    expect((await ask(`${services}/none/proxy/`)).status).toBe(404);
  });

  test('a service with endpoints, by name and number of its ports', async () => {
    const api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
    const services = '/api/v1/namespaces/default/services';
    const ports = [
      { name: 'web', port: 80, protocol: 'TCP' },
      { name: 'adm', port: 90, protocol: 'TCP' },
    ];
    await api.request({
      method: 'POST',
      path: services,
      body: { metadata: { name: 'named' }, spec: { clusterIP: 'None', ports } },
    });
    await api.request({
      method: 'POST',
      path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
      body: {
        metadata: { name: 'named-1', labels: { 'kubernetes.io/service-name': 'named' } },
        addressType: 'IPv4',
        ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
        endpoints: [
          { addresses: ['10.2.0.5'], conditions: { ready: true } },
          { addresses: ['10.2.0.6'], conditions: { ready: false } },
        ],
      },
    });
    for (const name of ['named:web', 'named:80', 'http:named:web', ':named:80'])
      expect((await ask(`${services}/${name}/proxy/a`)).text).toBe('one\ntwo\n/a');
    // A port that has a name has to be named.
    for (const name of ['named', 'named:adm'])
      expect((await ask(`${services}/${name}/proxy/a`)).json.message).toBe(
        `no endpoints available for service "${name}"`,
      );
  });
});
