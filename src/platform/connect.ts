import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ClientTls } from './http-client.ts';

export interface ConnectOptions {
  host: string;
  port: number;
  /** TLS where given. `insecure`: the server's certificate is not checked. */
  tls?: ClientTls & { insecure?: boolean };
  timeoutMs: number;
}

/** Opens a connection; rejects with the system's error, or after the time is up. */
export type Connector = (options: ConnectOptions) => Promise<Duplex>;

/** The machine's own network. */
export const systemConnector: Connector = ({ host, port, tls, timeoutMs }) =>
  new Promise((resolve, reject) => {
    const { insecure = false, serverName, ...identity } = tls ?? {};
    const common = { host, port, timeout: timeoutMs };
    const socket = tls
      ? connectTls({
          ...common,
          ...identity,
          servername: serverName,
          rejectUnauthorized: !insecure,
          ALPNProtocols: ['http/1.1'],
        })
      : connectTcp(common);
    socket.once('timeout', () => socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)));
    socket.once('error', reject);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });

/** TLS over a connection that stands already; rejects where the other side cannot do it. */
export function secured(transport: Duplex, tls: NonNullable<ConnectOptions['tls']>): Promise<Duplex> {
  const { insecure = false, serverName, ...identity } = tls;
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: transport,
      ...identity,
      servername: serverName,
      rejectUnauthorized: !insecure,
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}
