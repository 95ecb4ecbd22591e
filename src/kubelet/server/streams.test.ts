import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, connect, type Socket } from 'node:net';
import { Duplex, PassThrough, type Readable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { SpdyConnection } from '../../machinery/spdy/connection.ts';
import { systemClock } from '../../platform/clock.ts';
import { deferred } from '../../platform/deferred.ts';
import type { HttpUpgrade } from '../../platform/http.ts';
import { dialUpgrade } from '../../platform/upgrade.ts';
import type {
  PortForwardSession,
  StreamEnd,
  StreamOptions,
  StreamSession,
  TerminalSize,
} from '../runtimes/runtime.ts';
import { serveCommand } from './command-client.ts';
import { forwardOverSpdy, forwardOverWebSocket } from './port-forward.ts';
import { readSizes, spdyCommandClient } from './spdy-command.ts';
import { webSocketOutput } from './web-socket-log.ts';
import { webSocketCommandClient } from './web-socket-command.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Serves upgrades on loopback; gives host and port. */
async function serving(handle: (upgrade: HttpUpgrade) => void): Promise<string> {
  const http = createServer();
  server = http;
  http.on('upgrade', (message, socket, head) => {
    const request = { method: message.method, target: message.url, headers: message.headers };
    handle({ request, socket, head } as unknown as HttpUpgrade);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** A command like `cat`: echoes its input, then `bye` to stderr, and ends with 3 once its input has ended. */
class Cat implements StreamSession {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly sizes: TerminalSize[] = [];
  readonly ended: Promise<StreamEnd>;
  closed = false;

  constructor() {
    const end = deferred<StreamEnd>();
    this.ended = end.promise;
    this.stdin.pipe(this.stdout);
    this.stdin.on('end', () => {
      this.stderr.end('bye');
      end.resolve({ exitCode: 3 });
    });
  }

  resize(size: TerminalSize): void {
    this.sizes.push(size);
  }

  close(): void {
    this.closed = true;
  }
}

const all: StreamOptions = { stdin: true, stdout: true, stderr: true };
const exitThree = {
  status: 'Failure',
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: '3' }] },
};

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('commands over SPDY', () => {
  test('all streams, half-close, exit code', async () => {
    const cat = new Cat();
    const at = await serving((upgrade) => {
      void spdyCommandClient(upgrade, all, systemClock).then((client) => client && serveCommand(cat, client));
    });
    const headers = {
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': 'v5.channel.k8s.io, v4.channel.k8s.io',
    };
    const { socket, headers: answered } = await dialUpgrade({
      url: `http://${at}/exec`,
      method: 'POST',
      headers,
      timeoutMs: 5000,
    });
    expect(answered['x-stream-protocol-version']).toBe('v4.channel.k8s.io');
    const connection = new SpdyConnection(socket, { role: 'client' });
    const [error, stdin, stdout, stderr] = ['error', 'stdin', 'stdout', 'stderr'].map((streamtype) =>
      connection.openStream({ streamtype }),
    );
    stdin?.end('hello');
    expect(await textOf(stdout as Readable)).toBe('hello');
    expect(await textOf(stderr as Readable)).toBe('bye');
    expect(JSON.parse(await textOf(error as Readable))).toMatchObject(exitThree);
    await connection.closed;
  });

  test('a client may reset its streams, hang up and leave the end of the command unheard', async () => {
    const cat = new Cat();
    const served = deferred<void>();
    const at = await serving((upgrade) => {
      void spdyCommandClient(upgrade, all, systemClock)
        .then((client) => client && serveCommand(cat, client))
        .then(served.resolve);
    });
    const headers = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v4.channel.k8s.io' };
    const url = `http://${at}/exec`;
    const { socket } = await dialUpgrade({ url, method: 'POST', headers, timeoutMs: 5000 });
    const connection = new SpdyConnection(socket, { role: 'client' });
    const streams = ['error', 'stdin', 'stdout', 'stderr'].map((streamtype) =>
      connection.openStream({ streamtype }),
    );
    await Promise.all(streams.map(({ replied }) => replied));
    for (const stream of streams) stream.destroy();
    connection.close();
    await connection.closed;
    cat.stdin.end();
    await served.promise;
    expect(cat.closed).toBe(true);
  });

  test('a client without a protocol that is known is refused', async () => {
    const at = await serving((upgrade) => void spdyCommandClient(upgrade, all, systemClock));
    const headers = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v9.channel.k8s.io' };
    const asked = dialUpgrade({ url: `http://${at}/exec`, method: 'POST', headers, timeoutMs: 5000 });
    await expect(asked).rejects.toThrow(/403/);
  });
});

describe('commands over a WebSocket', () => {
  async function talk(protocol: string, wanted: StreamOptions, say: (socket: WebSocket) => void) {
    const cat = new Cat();
    const at = await serving((upgrade) => {
      void webSocketCommandClient(upgrade, wanted).then((client) => client && serveCommand(cat, client));
    });
    const socket = new WebSocket(`ws://${at}/exec`, [protocol]);
    const heard = new Map<number, string>();
    socket.on('message', (data: Buffer) => {
      const number = data[0] ?? -1;
      heard.set(number, (heard.get(number) ?? '') + data.subarray(1).toString());
    });
    socket.on('open', () => say(socket));
    const code = await new Promise<number>((resolve) => socket.on('close', resolve));
    return { cat, heard, code };
  }

  test('version 5 can end its input', async () => {
    const { heard, code } = await talk('v5.channel.k8s.io', all, (socket) => {
      socket.send(Buffer.from('\0hello'));
      socket.send(Buffer.from([255, 0]));
    });
    expect(code).toBe(1000);
    expect([heard.get(1), heard.get(2)]).toEqual(['hello', 'bye']);
    expect(JSON.parse(heard.get(3) ?? '')).toMatchObject(exitThree);
  });

  test('a terminal is resized, and its session ends when the client hangs up', async () => {
    const { cat } = await talk('v4.channel.k8s.io', { stdin: true, stdout: true, tty: true }, (socket) => {
      socket.send(Buffer.concat([Buffer.of(4), Buffer.from('{"Width":80,"Height":24}')]));
      socket.send(Buffer.from('\0x'), () => socket.close());
    });
    expect(cat.sizes).toEqual([{ width: 80, height: 24 }]);
    await cat.ended;
  });
});

test('logs over a WebSocket are plain messages, and the end of it is the end', async () => {
  const at = await serving((upgrade) => {
    void webSocketOutput(upgrade).then((client) => {
      client?.output.write('line one\n');
      client?.output.write('line two\n');
      client?.finish();
    });
  });
  const socket = new WebSocket(`ws://${at}/containerLogs`, ['binary.k8s.io']);
  let heard = '';
  socket.on('message', (data: Buffer) => {
    heard += data.toString();
  });
  expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(1000);
  expect(heard).toBe('line one\nline two\n');
});

/** A port that takes nothing until it is told to, then all, and says nothing. */
class Deaf extends Duplex {
  #done: (() => void) | undefined;
  #hears = false;

  constructor() {
    super({ highWaterMark: 1024, read() {} });
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#hears) done();
    else this.#done = done;
  }

  hear(): void {
    this.#hears = true;
    this.#done?.();
    this.push(null);
  }
}

/** A session whose ports are those of an echo server on loopback; 1 is one where nobody listens. */
async function echoSession(): Promise<{ session: PortForwardSession; end(): void }> {
  const echo = createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const { port } = echo.address() as AddressInfo;
  const closed = deferred();
  const session: PortForwardSession = {
    connect: async (asked) => {
      if (asked === 1) throw new Error('connection refused');
      const data = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      return { data, error: new Promise((resolve) => data.once('close', () => resolve(undefined))) };
    },
    closed: closed.promise,
    close: () => closed.resolve(),
  };
  return { session, end: () => void echo.close() };
}

/** What a client of port-forwarding does on a SPDY connection. */
async function useForward(socket: Duplex): Promise<void> {
  const connection = new SpdyConnection(socket, { role: 'client' });
  const open = (port: string, requestid: string) =>
    ['error', 'data'].map((streamtype) =>
      connection.openStream({ streamtype, port, requestid }),
    ) as Duplex[] as [Duplex, Duplex];
  const [error, data] = open('80', '0');
  data.end('ping');
  expect(await textOf(data)).toBe('ping');
  expect(await textOf(error)).toBe('');
  const [failed] = open('1', '1');
  expect(await textOf(failed)).toBe('error forwarding port 1 to pod p, uid : connection refused');
  // What is sent to a port where nobody listens does not hold up the others.
  const [, deaf] = open('1', '2');
  deaf.write(Buffer.alloc(1 << 20));
  const [, other] = open('80', '3');
  other.end('still there');
  expect(await textOf(other)).toBe('still there');
  expect(() => connection.openStream({ streamtype: 'data', port: '99999', requestid: '4' })).not.toThrow();
  connection.close();
  await connection.closed;
}

describe('port-forwarding', () => {
  test('over SPDY', async () => {
    const { session, end } = await echoSession();
    const at = await serving((upgrade) => {
      void forwardOverSpdy({ upgrade, clock: systemClock, name: 'p', open: async () => session });
    });
    const headers = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'portforward.k8s.io' };
    const { socket } = await dialUpgrade({
      url: `http://${at}/portForward`,
      method: 'POST',
      headers,
      timeoutMs: 5000,
    });
    await useForward(socket);
    await session.closed;
    end();
  });

  test('over SPDY inside a WebSocket', async () => {
    const { session, end } = await echoSession();
    const at = await serving((upgrade) => {
      void forwardOverWebSocket({ upgrade, clock: systemClock, name: 'p', open: async () => session }, []);
    });
    const headers = {
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io',
    };
    const answer = await dialUpgrade({
      url: `http://${at}/portForward`,
      method: 'GET',
      headers,
      timeoutMs: 5000,
    });
    expect(answer.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
    // The library's own client would refuse this sub-protocol, so it is put on the connection afterwards.
    const webSocket = new (
      WebSocket as unknown as new (
        address: null,
        protocols: undefined,
        options: object,
      ) => WebSocket
    )(null, undefined, {});
    const inner = webSocket as unknown as {
      _isServer: boolean;
      setSocket(s: Duplex, head: Buffer, o: object): void;
    };
    inner._isServer = false;
    inner.setSocket(answer.socket, Buffer.alloc(0), { maxPayload: 1 << 20 });
    await useForward(createWebSocketStream(webSocket));
    end();
  });

  test('over the plain channels of a WebSocket', async () => {
    const { session, end } = await echoSession();
    const at = await serving((upgrade) => {
      void forwardOverWebSocket({ upgrade, clock: systemClock, name: 'p', open: async () => session }, [80]);
    });
    const socket = new WebSocket(`ws://${at}/portForward`, ['v4.channel.k8s.io']);
    const heard = await new Promise<Buffer[]>((resolve) => {
      const messages: Buffer[] = [];
      socket.on('message', (data: Buffer) => {
        messages.push(data);
        if (messages.length === 2) socket.send(Buffer.from('\0ping'));
        if (messages.length === 3) resolve(messages);
      });
    });
    expect(heard.map((m) => m.toString('latin1'))).toEqual(['\0P\0', '\x01P\0', '\0ping']);
    socket.close();
    await session.closed;
    end();
  });

  test('over plain channels a port that does not read holds the client back, and its end is the end', async () => {
    const port = new Deaf();
    const failed = deferred<string | undefined>();
    const closed = deferred();
    const session: PortForwardSession = {
      connect: async (number) => {
        if (number === 1) throw new Error('connection refused');
        return { data: port, error: failed.promise };
      },
      closed: closed.promise,
      close: () => closed.resolve(),
    };
    const accepted = deferred<Socket>();
    const at = await serving((upgrade) => {
      accepted.resolve(upgrade.socket as Socket);
      void forwardOverWebSocket(
        { upgrade, clock: systemClock, name: 'p', open: async () => session },
        [80, 1],
      );
    });
    const socket = new WebSocket(`ws://${at}/portForward`, ['v4.channel.k8s.io']);
    const told = new Promise<string>((resolve) =>
      socket.on(
        'message',
        (data: Buffer) => data[0] === 3 && data.length > 3 && resolve(data.toString('utf8', 1)),
      ),
    );
    await new Promise((resolve) => socket.on('open', resolve));
    expect(await told).toBe('error forwarding port 1 to pod p, uid : connection refused');
    const chunk = Buffer.alloc(1 << 20);
    for (let i = 0; i < 64; i++) socket.send(chunk);
    const near = await accepted.promise;
    await vi.waitFor(() => expect(near.isPaused()).toBe(true));
    expect(near.bytesRead).toBeLessThan(32 << 20);
    port.hear();
    failed.resolve(undefined);
    await session.closed;
    socket.terminate();
  });
});

test('sizes of a terminal that never end are not kept', () => {
  const stream = new PassThrough();
  const sizes: TerminalSize[] = [];
  readSizes(stream, (size) => sizes.push(size));
  for (let i = 0; i < 3; i++) stream.emit('data', Buffer.alloc(2000, '{'));
  stream.emit('data', Buffer.from('{"Width":1,"Height":2}'));
  expect(sizes).toEqual([{ width: 1, height: 2 }]);
});
