import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../../cluster/pki.ts';
import { systemClock } from '../clock.ts';
import { listenHttps } from '../http-server.ts';
import {
  BodyTooLarge,
  type HttpListener,
  type HttpReply,
  type HttpRequest,
  type HttpServer,
  type HttpUpgrade,
  type ReplyStream,
} from '../http.ts';
import { silentLog } from '../log.ts';
import { systemRandom } from '../random.ts';
import { SocketReply } from '../socket-reply.ts';
import { listenThroughChannel } from './testing-channel.ts';

const platform = { clock: systemClock, random: systemRandom, log: silentLog };
let ca: string;
let serving: KeyPair;
let renewed: KeyPair;
let jane: KeyPair;

beforeAll(async () => {
  const authority = await createAuthority(platform);
  ca = authority.certificate;
  const server = { commonName: 'server', hosts: ['127.0.0.1'], usages: ['server'] } as const;
  serving = await issue(authority, server, platform);
  renewed = await issue(authority, { ...server, commonName: 'renewed' }, platform);
  const client = { commonName: 'jane', organizations: ['a', 'b'], usages: ['client'] } as const;
  jane = await issue(authority, client, platform);
});

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const fn of undo.splice(0).reverse()) await fn();
});

type Serve = (request: HttpRequest, reply: HttpReply) => void;

const nothing = Buffer.alloc(0);
const megabyte = Buffer.alloc(1 << 20, 'k8ts');

describe.each([
  ['that takes its own connections', listenHttps],
  ['whose connections another thread takes', listenThroughChannel],
])('a server %s', (_name, listen: HttpListener) => {
  async function serve(onRequest: Serve, onUpgrade?: (upgrade: HttpUpgrade) => void): Promise<HttpServer> {
    const server = await listen({
      host: '127.0.0.1',
      port: 0,
      tls: { cert: serving.certificate, key: serving.key, clientCa: ca },
      onRequest,
      ...(onUpgrade && { onUpgrade }),
    });
    undo.push(() => server.close(0));
    return server;
  }

  function http2({ port }: HttpServer): ClientHttp2Session {
    const session = connectHttp2(`https://127.0.0.1:${port}`, {
      ca,
      cert: jane.certificate,
      key: jane.key,
      settings: { initialWindowSize: 65_535 },
    });
    session.on('error', () => {});
    undo.push(() => session.destroy());
    return session;
  }

  async function answerOf(stream: ClientHttp2Stream) {
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    return { status: Number(headers[':status']), headers, body: await buffer(stream) };
  }

  const eventually = async (isSo: () => boolean) => {
    for (let i = 0; i < 500 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isSo()).toBe(true);
  };

  test.each([
    ['a code', 999, {}],
    ['an interim code', 101, {}],
    ['a header', 200, { 'a b': 'c' }],
  ])(
    'can answer with something else when it has tried %s that HTTP/2 does not have',
    async (_what, code, headers) => {
      for (const how of ['open', 'send'] as const) {
        const server = await serve((_request, reply) => {
          try {
            reply[how](code, headers);
          } catch {
            reply.send(500, {});
          }
        });
        const session = http2(server);
        expect((await answerOf(session.request({ ':path': '/' }))).status).toBe(500);
        expect((await answerOf(session.request({ ':path': '/' }))).status).toBe(500);
      }
    },
  );

  test('hangs up on who was refused an upgrade and stays', async () => {
    const server = await serve(
      () => {},
      ({ socket }) => new SocketReply(socket).send(403, {}, [Buffer.from('no')]),
    );
    const half = { host: '127.0.0.1', port: server.port, ca, allowHalfOpen: true };
    const socket = connectTls(half);
    undo.push(() => socket.destroy());
    await once(socket, 'secureConnect');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    undo.push(() => vi.useRealTimers());
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    socket.resume().on('error', () => {});
    await once(socket, 'end');
    expect(socket.writable).toBe(true);
    vi.advanceTimersByTime(30_000);
    const stays = setInterval(() => socket.write('x'), 10);
    undo.push(() => clearInterval(stays));
    await new Promise((resolve) => socket.once('close', resolve));
  });

  test('tells all of a request over HTTP/2', async () => {
    const seen: HttpRequest[] = [];
    const server = await serve((request, reply) => {
      seen.push(request);
      reply.send(200, { 'x-answer': ['a', 'b'], 'content-type': 'text/plain' }, [
        Buffer.from('two '),
        Buffer.from('parts'),
      ]);
    });
    const session = http2(server);
    const headers = { ':path': '/a?b=%20c', 'x-one': 'ä', 'x-many': ['1', '2'], accept: 'text/plain' };
    const answer = await answerOf(session.request(headers));
    expect(answer).toMatchObject({ status: 200, headers: { 'x-answer': 'a, b', 'content-length': '9' } });
    expect(String(answer.body)).toBe('two parts');
    const again = await answerOf(session.request({ ':path': '/', ':method': 'HEAD' }));
    expect(again).toMatchObject({ headers: { 'content-length': '9' }, body: nothing });
    const [first, second] = seen as [HttpRequest, HttpRequest];
    expect(first).toMatchObject({ method: 'GET', target: '/a?b=%20c', httpVersion: 2, bodyLength: 0 });
    expect(first.headers).toMatchObject({ 'x-one': 'ä', 'x-many': '1, 2', accept: 'text/plain' });
    expect(first.rawHeaders.join()).toContain('x-many,1,x-many,2');
    expect(second.rawHeaders.slice(0, 2)).toEqual([':path', '/']);
    expect(first.remoteAddress).toBe('127.0.0.1');
    expect(first.peer).toMatchObject({ commonName: 'jane', organizations: ['a', 'b'], trusted: true });
    expect(second.peer).toBe(first.peer);
  });

  const overHttp1 = (server: HttpServer, options: object, body?: Buffer) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const outgoing = requestHttps({ host: '127.0.0.1', port: server.port, ca, agent: false, ...options });
      outgoing.on('error', reject).on('response', async (message) => {
        const body = await buffer(message).catch(reject);
        resolve({ status: message.statusCode, body: String(body) });
      });
      outgoing.end(body);
    });

  test('tells all of a request over HTTP/1.1', async () => {
    let seen: HttpRequest | undefined;
    const server = await serve(async (request, reply) => {
      seen = request;
      reply.send(201, {}, [await request.body(100)]);
    });
    const options = { method: 'PUT', path: '/x', headers: { 'X-Mixed': 'Case', 'Content-Length': 4 } };
    expect(await overHttp1(server, options, Buffer.from('body'))).toEqual({ status: 201, body: 'body' });
    expect(seen).toMatchObject({
      method: 'PUT',
      target: '/x',
      httpVersion: 1,
      bodyLength: 4,
      peer: undefined,
    });
    expect(seen?.rawHeaders).toContain('X-Mixed');
    expect(seen?.headers['x-mixed']).toBe('Case');
  });

  test('takes bodies of any length, told before or not, up to a limit', async () => {
    const lengths: unknown[] = [];
    const server = await serve(async (request, reply) => {
      lengths.push(request.bodyLength);
      const body = await request.body(megabyte.length).catch((error: Error) => error);
      reply.send(body instanceof BodyTooLarge ? 413 : 200, {}, body instanceof Error ? [] : [body]);
    });
    const session = http2(server);
    const post = (body: Buffer, headers = {}) => {
      const stream = session.request({ ':method': 'POST', ...headers });
      stream.on('error', () => {});
      stream.end(body);
      return answerOf(stream);
    };
    for (const body of [Buffer.from('small'), megabyte])
      for (const headers of [{}, { 'content-length': body.length }])
        expect((await post(body, headers)).body.equals(body)).toBe(true);
    expect(lengths).toEqual([undefined, 5, undefined, megabyte.length]);
    const larger = Buffer.concat([megabyte, Buffer.from('.')]);
    expect((await post(larger)).status).toBe(413);
    expect((await post(larger, { 'content-length': larger.length })).status).toBe(413);
    expect((await overHttp1(server, { method: 'POST' }, megabyte)).body).toBe(String(megabyte));
  });

  test('hears of a body that takes its time, and of one that breaks off', async () => {
    const told: string[] = [];
    const server = await serve(async (request, reply) => {
      told.push('began');
      request.onGone(() => told.push('gone'));
      const body = await request.body(100).catch((error: Error) => error.message);
      told.push(String(body));
      reply.send(200, {});
    });
    const session = http2(server);
    const begin = () => {
      const stream = session.request({ ':method': 'POST', 'content-length': 8 });
      stream.on('error', () => {});
      stream.write('half');
      return stream;
    };
    const late = begin();
    await eventually(() => told.length === 1);
    late.end('full');
    expect((await answerOf(late)).status).toBe(200);
    expect(told).toEqual(['began', 'halffull']);
    const broken = begin();
    await eventually(() => told.length === 3);
    broken.close(8);
    await eventually(() => told.length === 5);
    expect(told.slice(3)).toContain('gone');
    expect(told.slice(3)).not.toContain('half');
  });

  test('answers on and on, and knows what a slow reader has not taken', async () => {
    let stream: ReplyStream | undefined;
    const server = await serve((_request, reply) => {
      stream = reply.open(200, {});
    });
    const client = http2(server).request({ ':path': '/' });
    await once(client, 'response');
    client.pause();
    for (let i = 0; i < 4; i++) stream?.write(megabyte);
    let isDrained = false;
    void stream?.drained().then(() => {
      isDrained = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stream?.bufferedBytes).toBeGreaterThan(megabyte.length);
    expect(isDrained).toBe(false);
    let size = 0;
    client.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    client.resume();
    await eventually(() => isDrained && size === 4 * megabyte.length);
    expect(stream?.bufferedBytes).toBe(0);
    const ended = once(client, 'end');
    stream?.end();
    await ended;
  });

  test('breaks an answer off so that its client can tell that from an end', async () => {
    const server = await serve((_request, reply) => {
      const stream = reply.open(200, {});
      stream.write(Buffer.from('some'));
      setTimeout(() => stream.abort(), 20);
    });
    const client = http2(server).request({ ':path': '/' });
    client.resume();
    await expect(once(client, 'end')).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    await expect(overHttp1(server, {})).rejects.toThrow();
  });

  test('says when a client has gone, once', async () => {
    const gone: string[] = [];
    const open: ReplyStream[] = [];
    const server = await serve((request, reply) => {
      request.onGone(() => gone.push('gone'));
      request.signal.addEventListener('abort', () => gone.push('aborted'));
      if (request.target === '/open') open.push(reply.open(200, {}));
      if (request.target === '/done') reply.send(200, {});
    });
    const session = http2(server);
    await answerOf(session.request({ ':path': '/done' }));
    const stream = session.request({ ':path': '/open' });
    stream.on('error', () => {});
    await once(stream, 'response');
    expect(gone).toEqual([]);
    stream.close(8);
    await eventually(() => gone.length === 2);
    expect(gone).toEqual(['gone', 'aborted']);
    open[0]?.write(megabyte);
    open[0]?.end();
    await open[0]?.drained();
  });

  test('passes on a stream: to its end, where it breaks off, and where the client does', async () => {
    const sources: Readable[] = [];
    const server = await serve((request, reply) => {
      const source =
        request.target === '/all' ? Readable.from([megabyte, megabyte]) : new Readable({ read() {} });
      if (request.target !== '/all') source.push('some');
      sources.push(source);
      void reply.open(200, {}).pipe(source);
    });
    const session = http2(server);
    expect((await answerOf(session.request({ ':path': '/all' }))).body.length).toBe(2 * megabyte.length);
    const broken = session.request({ ':path': '/broken' });
    await once(broken, 'data');
    sources[1]?.destroy(new Error('no more'));
    await expect(once(broken, 'end')).rejects.toThrow();
    const left = session.request({ ':path': '/left' });
    left.on('error', () => {});
    await once(left, 'data');
    left.close(8);
    await eventually(() => sources[2]?.destroyed === true);
  });

  function upgraded(server: HttpServer): Promise<{ socket: Socket; head: Buffer }> {
    const headers = { Connection: 'Upgrade', Upgrade: 'echo' };
    return new Promise((resolve, reject) => {
      const outgoing = requestHttps({ host: '127.0.0.1', port: server.port, ca, agent: false, headers });
      outgoing.on('error', reject);
      outgoing.on('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)));
      outgoing.on('upgrade', (_message, socket, head) => {
        socket.on('error', () => {});
        resolve({ socket, head });
      });
      outgoing.end();
    });
  }
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

  test('gives away connections that switch protocols', async () => {
    const upgrades: HttpUpgrade[] = [];
    const server = await serve(
      () => {},
      (upgrade) => {
        upgrades.push(upgrade);
        upgrade.socket.on('error', () => {});
        upgrade.socket.write(switching);
      },
    );
    const { socket } = await upgraded(server);
    const [{ request, socket: served }] = upgrades as [HttpUpgrade];
    expect(request.headers.upgrade).toBe('echo');
    // Much more each way than may be under way, through an end that reads slowly, then the end of one way alone.
    const sent = Buffer.concat(Array.from({ length: 8 }, () => megabyte));
    const echo = buffer(socket);
    socket.end(sent);
    await new Promise((resolve) => setTimeout(resolve, 20));
    served.pipe(served);
    expect((await echo).equals(sent)).toBe(true);
    await eventually(() => served.destroyed);
    const cut = await upgraded(server);
    cut.socket.destroy();
    await eventually(() => upgrades[1]?.socket.destroyed === true);
    const dropped = await upgraded(server);
    upgrades[2]?.socket.destroy();
    await once(dropped.socket, 'close');
  });

  test('refuses to switch where nobody does', async () => {
    await expect(upgraded(await serve(() => {}))).rejects.toThrow('answered 400');
  });

  test('says that a port is taken', async () => {
    const { port } = await serve(() => {});
    const tls = { cert: serving.certificate, key: serving.key };
    const second = listen({ host: '127.0.0.1', port, tls, onRequest() {} });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  });

  test('shows new connections its new certificate', async () => {
    const server = await serve(() => {});
    const shown = async () => {
      const socket = connectTls({ host: '127.0.0.1', port: server.port, ca });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    expect(await shown()).toBe('server');
    server.setTls({ cert: renewed.certificate, key: renewed.key });
    expect(await shown()).toBe('renewed');
  });

  test('ends when answers under way are complete, or when they have had their time', async () => {
    const replies: HttpReply[] = [];
    const server = await serve((_request, reply) => void replies.push(reply));
    const stream = http2(server).request({ ':path': '/' });
    await eventually(() => replies.length === 1);
    const closed = server.close(10_000);
    replies[0]?.send(200, {}, [Buffer.from('after all')]);
    expect(String((await answerOf(stream)).body)).toBe('after all');
    await closed;
    const other = await serve((_request, reply) => void replies.push(reply));
    const hanging = http2(other).request({ ':path': '/' });
    hanging.on('error', () => {});
    await eventually(() => replies.length === 2);
    await other.close(10);
    await eventually(() => hanging.destroyed);
  });
});
