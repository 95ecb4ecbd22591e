import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemConnector } from '../../platform/connect.ts';
import { startApiServer, type TestApiServer } from '../testing-api-server.ts';

/** What no client of a proxy should send, and no backend behind one should answer. */

let t: TestApiServer;
let backend: Server;
let admin: { cert: string; key: string };
/** What the backend has heard on its connections. */
const heard: string[] = [];
const connections = new Set<Socket>();
/** What the backend says when it has heard the head of a request. */
let answer = '';

beforeAll(async () => {
  backend = createServer((socket) => {
    const at = heard.push('') - 1;
    connections.add(socket);
    socket.on('close', () => connections.delete(socket)).on('error', () => {});
    socket.on('data', (chunk) => {
      heard[at] += chunk.toString('latin1');
      if (heard[at]?.endsWith('\r\n\r\n') || heard[at]?.endsWith('}')) socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const { port } = backend.address() as AddressInfo;
  t = await startApiServer({ pods: () => systemConnector({ host: '127.0.0.1', port, timeoutMs: 1000 }) });
  admin = await t.client('root', 'system:masters');
  const api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
  const namespace = '/api/v1/namespaces/default';
  const post = (path: string, body: unknown): Promise<any> =>
    api.request({ method: 'POST', path: `${namespace}/${path}`, body });
  await post('serviceaccounts', { metadata: { name: 'default' } });
  const containers = [{ name: 'main', image: 'x' }];
  const pod = await post('pods', { metadata: { name: 'web' }, spec: { containers } });
  const status = { ...pod.status, podIP: '10.2.0.5', podIPs: [{ ip: '10.2.0.5' }] };
  await api.request({ method: 'PUT', path: `${namespace}/pods/web/status`, body: { ...pod, status } });
});
beforeEach(() => {
  heard.length = 0;
  answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
});
afterAll(async () => {
  await t.stop();
  for (const socket of connections) socket.destroy();
  backend.close();
});

const path = '/api/v1/namespaces/default/pods/web:80/proxy/x';

/** What is answered to a request that is the last of its connection. */
function send(request: string): Promise<string> {
  const { hostname, port } = new URL(t.origin);
  const socket = connectTls({ host: hostname, port: Number(port), ca: t.ca, ...admin });
  socket.write(Buffer.from(request, 'latin1'));
  return textOf(socket);
}

async function overHttp2(headers: IncomingHttpHeaders, body?: string) {
  const session = connectHttp2(t.origin, { ca: t.ca, ...admin });
  const stream = session.request({ ':path': path, ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const response = await new Promise<IncomingHttpHeaders>((resolve, reject) =>
    stream.once('response', resolve).once('error', reject),
  );
  const text = await textOf(stream);
  session.destroy();
  return { code: response[':status'], headers: response, text };
}

const smuggled = 'GET /secret HTTP/1.1\r\nHost: x\r\nX-Remote-User: root\r\n\r\n';
const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;

/** Whether what the backend has heard is one request whose head says how far its body goes. */
const isFramed = (request = '') => {
  const [head = '', rest] = [
    request.slice(0, request.indexOf('\r\n\r\n')),
    request.slice(request.indexOf('\r\n\r\n') + 4),
  ];
  const isChunked = /\r\ntransfer-encoding: chunked(\r\n|$)/i.test(head);
  return isChunked
    ? rest === chunk
    : new RegExp(`\r\ncontent-length: ${rest.length}(\r\n|$)`, 'i').test(head);
};

describe('the body of a request', () => {
  const methods = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH'];

  test.each(methods)(
    'with %s that comes in chunks is no request of its own to the backend',
    async (method) => {
      const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
      expect(await send(`${head}${chunk}`)).toMatch(/^HTTP\/1.1 200 /);
      expect(heard.map(isFramed)).toEqual([true]);
    },
  );

  test.each(methods)(
    'with %s whose length is said to be of the connection alone is none either',
    async (method) => {
      const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close, content-length\r\nContent-Length: ${smuggled.length}\r\n\r\n`;
      expect(await send(`${head}${smuggled}`)).toMatch(/^HTTP\/1.1 200 /);
      expect(heard.map(isFramed)).toEqual([true]);
    },
  );

  test('reaches the backend though HTTP/2 need not tell its length', async () => {
    expect((await overHttp2({ ':method': 'DELETE' }, '{"a":1}')).code).toBe(200);
    expect(heard[0]?.split('\r\n\r\n')[1]).toBe('7\r\n{"a":1}\r\n0');
  });
});

describe('an answer', () => {
  const unreachable = (why: string) => `error trying to reach service: ${why}`;

  test.each([
    [
      '101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x',
      'backend tried to switch protocol "x" when "" was requested',
    ],
    ['999 Denied\r\nContent-Length: 0', 'malformed HTTP status code "999"'],
    ['600 Far\r\nContent-Length: 0', 'malformed HTTP status code "600"'],
    ['099 Near\r\nContent-Length: 0', 'malformed HTTP status code "99"'],
  ])('of %s is none, and the client is told so', async (head, why) => {
    answer = `HTTP/1.1 ${head}\r\n\r\n`;
    const { code, text } = await overHttp2({});
    expect([code, JSON.parse(text).message]).toEqual([503, unreachable(why)]);
    const overHttp1 = await send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(overHttp1).toMatch(/^HTTP\/1.1 503 /);
    await expect.poll(() => connections.size).toBe(0);
  });

  test('without a body that tells the length of one is passed on without', async () => {
    answer = 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi';
    expect(await overHttp2({})).toMatchObject({ code: 204, text: '' });
  });

  test('is passed on without what is about the connection', async () => {
    const perHop =
      'Keep-Alive: x\r\nProxy-Connection: x\r\nHTTP2-Settings: x\r\nUpgrade: x\r\nConnection: x-own\r\nX-Own: x';
    answer = `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n${perHop}\r\nX-Other: y\r\nContent-Length: 2\r\n\r\nhi`;
    const { headers, text } = await overHttp2({});
    expect([text, headers['x-other'], headers['x-own']]).toEqual(['hi', 'y', undefined]);
  });
});
