import type { Duplex } from 'node:stream';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Files } from '../platform/files.ts';
import type { Log } from '../platform/log.ts';
import { listenShared, type SharedPort, type SharedTls } from '../platform/shared-port.ts';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import { openEmbeddedStore } from '../store/embedded-store.ts';
import type { CopyableStore } from '../store/core/copying.ts';
import { electionService } from './election-service.ts';
import { gateway } from './gateway.ts';
import { grpcServer } from './grpc.ts';
import { kvService } from './kv-service.ts';
import { leaseService } from './lease-service.ts';
import { Leases } from './leases.ts';
import { lockService } from './lock-service.ts';
import { authService, clusterService, maintenanceService } from './maintenance-service.ts';
import { Mvcc } from './mvcc.ts';
import { type EtcdNode, identityOf, overheadBytes } from './node.ts';
import { etcdParts, keepAll } from './snapshot.ts';
import { withoutUrlAuthority } from './url-authority.ts';
import { watchService } from './watch-service.ts';

export interface EtcdServerOptions {
  /** A directory; made where it is missing. Only one process can have it open. */
  dataDir: string;
  /** Where to listen; port 0 is any free one. */
  addresses: readonly { host: string; port: number }[];
  /** Without: plain text. */
  tls?: SharedTls;
  name: string;
  /** What writes snapshots, such as `k8ts 0.1.0`. */
  writer: string;
  platform: { clock: Clock; random: Random; files: Files; log: Log };
  /** etcd's own limits unless given. */
  mostTxnOps?: number;
  mostRequestBytes?: number;
  /** How often a watch is told how far it is, where it asks for that; ten minutes unless given. */
  progressEveryMs?: number;
}

export interface EtcdServer {
  /** Where clients find it. */
  urls: string[];
  /** What new connections are shown and asked for; only where the server was started with TLS. */
  setTls(tls: SharedTls): void;
  /** Ends all calls and closes the store. */
  stop(): Promise<void>;
}

const usualProgressMs = 600_000;

/** Serves a store of its own under etcd's v3 interface. Rejects where the store or an address cannot be had. */
export async function startEtcdServer(options: EtcdServerOptions): Promise<EtcdServer> {
  const { clock, random, files } = options.platform;
  const log = options.platform.log.named('store');
  const store = await openEmbeddedStore({
    path: `${options.dataDir}/${etcdParts.keys}`,
    clock,
    files,
    log,
    ...keepAll,
  });
  const own = await openEmbeddedStore({
    path: `${options.dataDir}/${etcdParts.own}`,
    clock,
    files,
    log,
    historyMs: 0,
  });
  try {
    const mvcc = await Mvcc.open(store);
    const leases = await Leases.open({ mvcc, store: own, clock, random });
    const urls: string[] = [];
    const node = await nodeOf(options, { mvcc, leases, store, own, urls });
    const listening = await listen(node, options);
    urls.push(...listening.urls);
    const stop = async () => {
      leases.stop();
      await listening.close();
      await Promise.all([store.close(), own.close()]);
    };
    return { urls, stop, setTls: listening.setTls };
  } catch (error) {
    await Promise.all([store.close(), own.close()]);
    throw error;
  }
}

async function nodeOf(
  options: EtcdServerOptions,
  parts: { mvcc: Mvcc; leases: Leases; store: CopyableStore; own: CopyableStore; urls: string[] },
): Promise<EtcdNode> {
  const { name, writer, mostTxnOps = 128, mostRequestBytes = 1.5 * 2 ** 20 } = options;
  const { progressEveryMs = usualProgressMs } = options;
  const { clock, random } = options.platform;
  const { own, urls, ...rest } = parts;
  const identity = await identityOf(own, random, name);
  const limits = { mostTxnOps, mostRequestBytes, progressEveryMs };
  return { ...rest, ...limits, identity, clock, random, writer, clientUrls: urls };
}

async function listen(node: EtcdNode, options: EtcdServerOptions) {
  const { log } = options.platform;
  const routes = [
    ...[kvService(node), watchService(node), leaseService(node), maintenanceService(node)],
    ...[clusterService(node), authService(node), lockService(node), electionService(node)],
  ].flat();
  const grpc = grpcServer(routes, { mostRequestBytes: node.mostRequestBytes + overheadBytes, log });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const onHttp2 = (connection: Duplex) =>
    void withoutUrlAuthority(connection).then((ready) => injector.injectConnection(ready));
  const onJson = gateway(node, routes);
  const ports: SharedPort[] = [];
  const close = async () => {
    await Promise.all(ports.map((port) => port.close()));
    injector.destroy();
    grpc.forceShutdown();
  };
  try {
    for (const { host, port } of options.addresses) {
      ports.push(await listenShared({ host, port, tls: options.tls, onHttp2, onRequest: onJson }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const scheme = options.tls ? 'https' : 'http';
  const urls = ports.map(
    ({ port }, i) => `${scheme}://${bracketed(options.addresses[i]?.host ?? '')}:${port}`,
  );
  const setTls = (tls: SharedTls) => {
    for (const port of ports) port.setTls(tls);
  };
  return { urls, close, setTls };
}

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);
