import { lookup } from 'node:dns';
import { connect as connectTcp, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ClientTls } from './http-client.ts';

export interface ConnectOptions {
  host: string;
  port: number;
  /** TLS where given. `insecure`: the server's certificate is not checked. */
  tls?: ClientTls & { insecure?: boolean };
  timeoutMs: number;
  /** Throws for an address that a name must not stand for; of one that does, none is connected to. */
  checkAddress?: ((ip: string) => void) | undefined;
}

/** Opens a connection; rejects with the system's error, or after the time is up. */
export type Connector = (options: ConnectOptions) => Promise<Duplex>;

/** The machine's own network. */
export const systemConnector: Connector = ({ host, port, tls, timeoutMs, checkAddress }) =>
  new Promise((resolve, reject) => {
    const { insecure = false, serverName, ...identity } = tls ?? {};
    const lookup = checkAddress && checkedLookup(checkAddress);
    const common = { host, port, timeout: timeoutMs, ...(lookup && { lookup }) };
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

/** Only addresses that were looked at are connected to: asked once more, a name may stand for others. */
const checkedLookup =
  (check: (ip: string) => void): LookupFunction =>
  (name, options, done) =>
    lookup(name, { ...options, all: true }, (error, found = []) => {
      try {
        if (error) throw error;
        for (const { address } of found) check(address);
        const [first] = found;
        if (options.all || !first) done(null, found);
        else done(null, first.address, first.family);
      } catch (why) {
        done(why as Error, '');
      }
    });

/** TLS over a connection that stands already; rejects where the other side cannot do it, or not in time. */
export function secured(
  transport: Duplex,
  tls: NonNullable<ConnectOptions['tls']>,
  timeoutMs: number,
): Promise<Duplex> {
  const { insecure = false, serverName, ...identity } = tls;
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: transport,
      ...identity,
      servername: serverName,
      rejectUnauthorized: !insecure,
    });
    const late = setTimeout(() => socket.destroy(new Error('net/http: TLS handshake timeout')), timeoutMs);
    socket.once('close', () => {
      clearTimeout(late);
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      clearTimeout(late);
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}
