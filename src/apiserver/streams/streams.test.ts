import { createServer, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { systemConnector } from '../../platform/connect.ts';
import { startApiServer, type TestApiServer } from '../testing-api-server.ts';

let t: TestApiServer;
let kubelet: Server;
let admin: { cert: string; key: string };
let jane: { cert: string; key: string };
const seen: { url: string; headers: Record<string, unknown> }[] = [];

/** A kubelet's server as far as these tests need one: logs, an echo for upgrades, and pages for proxies. */
function startKubelet(): Promise<Server> {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
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
    nodes: { connect: () => systemConnector({ host: '127.0.0.1', port, timeoutMs: 1000 }) },
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
  for (const [name, nodeName, names] of [
    ['web', 'n1', ['main']],
    ['broken', 'n1', ['main']],
    ['two', 'n1', ['a', 'b']],
    ['waiting', undefined, ['main']],
  ] as const) {
    await post('/api/v1/namespaces/default/pods', {
      metadata: { name },
      spec: { nodeName, containers: names.map(container) },
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

function ask(path: string, options: { method?: string; body?: string; as?: typeof admin } = {}) {
  const { method = 'GET', body, as = admin } = options;
  return new Promise<{ status: number; headers: any; text: string; json: any }>((resolve, reject) => {
    const request = httpsRequest(
      `${t.origin}${path}`,
      { method, ca: t.ca, ...as, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const isJson = response.headers['content-type'] === 'application/json';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: isJson && JSON.parse(text),
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
      'a container name must be specified for pod two, choose one of: [a b]',
    );
    expect((await ask(`${pods}/two/log?container=c`)).json.message).toBe(
      'container c is not valid for pod two',
    );
    expect((await ask(`${pods}/waiting/log`)).status).toBe(204);
    expect((await ask(`${pods}/none/log`)).status).toBe(404);
    expect((await ask(`${pods}/web/log?tailLines=-1`)).status).toBe(422);
    expect((await ask(`${pods}/web/log?tailLines=x`)).status).toBe(400);
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

describe('proxies', () => {
  test('pass requests, bodies, answers and redirects on', async () => {
    const got = await ask(`${pods}/http:web:8080/proxy/a%2Fb?x=1`);
    expect(got.text).toBe('one\ntwo\n/a%2Fb?x=1');
    expect(got.headers['x-from']).toBe('kubelet');
    expect(seen.at(-1)?.headers).toMatchObject({ host: '10.2.0.5:8080', 'x-forwarded-proto': 'https' });
    expect(seen.at(-1)?.headers.authorization).toBeUndefined();
    expect((await ask(`${pods}/web:80/proxy/`, { method: 'POST', body: 'echo' })).text).toBe('echo');
    expect((await ask(`${pods}/web/proxy`)).headers.location).toBe(`${pods}/web/proxy/`);
    expect((await ask(`${pods}/web/proxy/move`)).headers.location).toBe(`${pods}/web/proxy/moved`);
    expect((await ask('/api/v1/nodes/n1/proxy/pods')).text).toBe('one\ntwo\n/pods');
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
    expect((await ask(`${services}/s:x/proxy/`)).json.message).toBe(
      'no service port "x" found for service "s"',
    );
  });
});
