import { createSocket } from 'node:dgram';
import { createServer, isIPv6, type Socket } from 'node:net';
import { drainOf } from './http-body.ts';

export interface DnsSocketOptions {
  address: string;
  /** 0 takes a free one. */
  port: number;
  /** Gives the answer to one message; undefined answers nothing. */
  onQuery(message: Buffer, over: 'udp' | 'tcp'): Promise<Buffer | undefined>;
}

export interface DnsSocket {
  port: number;
  close(): Promise<void>;
}

const idleMs = 10_000;
const mostConnections = 200;

const kindFor = (address: string) => (isIPv6(address) ? 'udp6' : 'udp4');

/** Serves DNS messages over UDP and TCP on one port. */
export async function listenDns(options: DnsSocketOptions): Promise<DnsSocket> {
  const udp = createSocket(kindFor(options.address));
  udp.on('message', (message, from) => {
    options.onQuery(message, 'udp').then(
      (answer) => answer && udp.send(answer, from.port, from.address, () => {}),
      () => {},
    );
  });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(options.port, options.address, resolve);
  });
  // A client's port that is gone answers with ICMP, which must not end the server.
  udp.on('error', () => {});
  const { port } = udp.address();
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    void serveStream(socket, options).catch(() => socket.destroy());
  });
  tcp.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(port, options.address, resolve);
  });
  return {
    port,
    async close() {
      for (const socket of open) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

/**
 * Over TCP each message has its length in two bytes before it. One is answered after the other, and none before its client has taken
 * the answers so far: who only asks, and reads nothing, would have them fill the memory.
 */
async function serveStream(socket: Socket, options: DnsSocketOptions): Promise<void> {
  let waiting = Buffer.alloc(0);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  for await (const chunk of socket) {
    waiting = Buffer.concat([waiting, chunk as Buffer]);
    while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
      const end = 2 + waiting.readUInt16BE(0);
      const message = waiting.subarray(2, end);
      waiting = waiting.subarray(end);
      const answer = await options.onQuery(message, 'tcp');
      if (answer) socket.write(Buffer.concat([lengthOf(answer), answer]));
      await drainOf(socket);
    }
  }
}

function lengthOf(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return length;
}

export interface DnsServer {
  address: string;
  port: number;
}

/** Asks another server, over UDP; over TCP where the answer was cut off and the whole is wanted. */
export async function forwardDns(
  message: Buffer,
  server: DnsServer,
  { timeoutMs, whole }: { timeoutMs: number; whole: boolean },
): Promise<Buffer> {
  const answer = await overUdp(message, server, timeoutMs);
  const isCutOff = ((answer[2] ?? 0) & 0x02) !== 0;
  return isCutOff && whole ? overTcp(message, server, timeoutMs) : answer;
}

function overUdp(
  message: Buffer,
  server: { address: string; port: number },
  timeoutMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(kindFor(server.address));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(
      () => finish(() => reject(new Error(`${server.address} did not answer`))),
      timeoutMs,
    );
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === message.readUInt16BE(0))
        finish(() => resolve(answer));
    });
    socket.connect(server.port, server.address, () => socket.send(message));
  });
}

async function overTcp(
  message: Buffer,
  server: { address: string; port: number },
  timeoutMs: number,
): Promise<Buffer> {
  const { connect } = await import('node:net');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port });
    let data = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`${server.address} did not answer`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${server.address} closed the connection`)));
    socket.on('connect', () => socket.write(Buffer.concat([lengthOf(message), message])));
    socket.on('data', (chunk) => {
      data = Buffer.concat([data, chunk]);
      if (data.length < 2 || data.length < 2 + data.readUInt16BE(0)) return;
      resolve(data.subarray(2, 2 + data.readUInt16BE(0)));
      socket.destroy();
    });
  });
}
