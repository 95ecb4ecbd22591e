import * as resources from '../api/generated/resources.ts';
import { allKinds } from '../apiserver/kinds/kinds.ts';
import { TransformError } from '../apiserver/encryption/transform-error.ts';
import { type ApiServer, createApiServer } from '../apiserver/server.ts';
import { tlsNodeDialer } from '../apiserver/streams/node-dialer.ts';
import { Client } from '../client/client.ts';
import { familyOf } from '../machinery/address-family.ts';
import { UsageCollector } from '../metrics/usage-collector.ts';
import { systemConnector } from '../platform/connect.ts';
import { type HttpsGet, type HttpsGetter, httpsGetter } from '../platform/https-get.ts';
import type { HttpListener, ServerTls } from '../platform/http.ts';
import { listenInThread } from '../platform/http-thread/listen-in-thread.ts';
import { listenHttps } from '../platform/http-server.ts';
import { ThreadMetrics } from './scheduler-thread/scheduler-in-thread.ts';
import { ProcessMetrics } from '../platform/metrics/process-metrics.ts';
import { MetricRegistry } from '../platform/metrics/registry.ts';
import type { Platform } from '../platform/platform.ts';
import { type Store, StoreError } from '../store/store.ts';
import type { ControlPlaneMeans } from './control-plane-means.ts';
import { descriptorWatch } from './descriptor-watch.ts';
import type { ApiServerMeans } from './api-server-settings.ts';
import { withKeyHealth } from './encryption.ts';
import { hostName } from './host-name.ts';
import { kubeconfig, type KubeconfigSource } from './kubeconfig.ts';
import { network } from './options.ts';
import type { KeyPair, Pki } from './pki.ts';
import { readResourceMetrics } from './read-resource-metrics.ts';
import { serverUrl } from './server-url.ts';
import { type RolesOptions, runRoles } from './roles.ts';
import { type RunningComponents, runComponents } from './run-components.ts';
import { administrator, ownCertificateName, ServerCertificates } from './server-certificates.ts';
import { withKeys } from './service-accounts.ts';
import { cidrsOf, keptPodNetwork, type PodNetwork } from './pod-network.ts';
import { type ServiceNetwork, serviceNetworkNow } from './service-network.ts';
import { shareReads } from './shared-read.ts';
import { unusableStore } from './unusable-store.ts';
import { UserError } from './user-error.ts';
import { version } from './version.ts';

export interface ControlPlaneOptions {
  platform: Platform;
  store: Store;
  pki: Pki;
  /** Where volumes of claims that ask for none in particular are kept. */
  volumeDir: string;
  /** Addresses to listen on; the first is the one in the kubeconfig, unless `host` is. */
  addresses: readonly string[];
  /** Where the administrator finds the server. */
  host?: string;
  /** Names and addresses under which the server is called, beside those it listens on. */
  names?: readonly string[];
  /** 0 is any free one. */
  port: number;
  /**
   * Where pods and nodes find the server, at most one address of a family; the `kubernetes` Service leads to that of its own, and has no
   * endpoints where there is none.
   */
  advertiseAddresses?: readonly string[];
  /** Where pods have their addresses; the store is asked unless it is known. */
  pods?: PodNetwork;
  /** Whether others write into the store as well. */
  sharedStore?: boolean;
  means: ControlPlaneMeans;
  threads?: Threads;
  /** Freezes what the server hands out: for tests. */
  freeze?: boolean;
}

/** Programs of threads that take work off the one that answers; what has none is done there. */
export interface Threads {
  /** Takes the server's connections. */
  http?: URL;
  /** Schedules. */
  scheduler?: URL;
}

export interface ControlPlane extends KubeconfigSource {
  server: ApiServer;
  /** URL of the API server on the first address. */
  url: string;
  port: number;
  /** A client with all rights, in this process. */
  admin: Client;
  /** Where Services and pods have their addresses. */
  services: ServiceNetwork;
  pods: PodNetwork;
  stop(): Promise<void>;
}

/** Names under which clients may call the server. */
const serverNames = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  `kubernetes.default.svc.${network.domain}`,
  'localhost',
  '127.0.0.1',
  ownCertificateName,
];

/** The keys and certificates of the API server and of its administrator. */
async function credentials({
  pki,
  addresses,
  names = [],
  means,
}: Pick<ControlPlaneOptions, 'pki' | 'addresses' | 'names' | 'means'>) {
  const { apiServiceAddress } = means.apiServer.services;
  const authority = await pki.authority();
  const [tokenKey, certificates] = await Promise.all([
    pki.tokenKey(),
    ServerCertificates.open(pki, [...new Set([...serverNames, apiServiceAddress, ...addresses, ...names])]),
  ]);
  const proxyAuthority = await pki.authority('front-proxy-ca');
  return { authority, proxyAuthority, tokenKey, certificates };
}

/** The options for the cluster in the store: its pods and Services have their addresses where they had them before. */
async function inCluster(told: ControlPlaneOptions) {
  const { store, means, platform } = told;
  const pods = told.pods ?? (await keptPodNetwork(store, means.pods, platform.log));
  const others = { podRanges: cidrsOf(pods), publicAddresses: told.advertiseAddresses };
  const apiServer = await means.apiServer.inCluster(store, others);
  return { ...told, pods, means: { ...means, apiServer } };
}

/** API server, controllers and scheduler in this process. When it resolves, the API answers. */
export async function startControlPlane(told: ControlPlaneOptions): Promise<ControlPlane> {
  const onUnreadable = (error: unknown) => unreadable(error, told.means.apiServer.options);
  const options = await inCluster(told).catch(onUnreadable);
  const { platform, store, threads, pods } = options;
  const settings = options.means.apiServer;
  const { issuer } = options.means;
  // A thread begins while the rest does.
  const listen = threads?.http ? listenInThread(threads.http) : listenHttps;
  const { authority, proxyAuthority, tokenKey, certificates } = await credentials(options);
  const identity = () => shownBy(certificates.kubelet, authority);
  const kubelets = kubeletGetter(identity);
  // What runs in this process tells all it counts in one place, as k3s does.
  const meter = new MetricRegistry();
  const measured = new ThreadMetrics();
  const ownProcess = new ProcessMetrics(platform.files);
  const usage = usageCollector(platform, kubelets, () => server.dispatcher.reader);
  const server = await createApiServer({
    platform: { ...platform, log: platform.log.named('apiserver') },
    store,
    kinds: allKinds,
    serviceAccounts: withKeys(settings.serviceAccounts, { issuer, ownKey: tokenKey }),
    version,
    nodes: tlsNodeDialer({ connect: systemConnector, identity }),
    usage: async () => usage,
    metrics: async () => [...meter.metrics(), ...(await ownProcess.metrics()), ...(await measured.metrics())],
    outside: systemConnector,
    frontProxy: settings.frontProxies.options(() => certificates.proxy, proxyAuthority.certificate),
    ...(options.sharedStore && { freshRevision: shareReads(() => newestRevision(store)) }),
    freeze: options.freeze,
    ...settings.options,
  }).catch(onUnreadable);
  const { serving } = settings;
  const tls = () => serving.tls(certificates.serving, authority.certificate);
  const port = await listenEverywhere(server, { ...options, listen, tls: tls() }).catch(onUnreadable);
  const services = serviceNetworkNow(server, settings.services, platform.log);
  const { dnsAddress } = services;
  const serverAuthorities = serving.authorities(authority.certificate);
  const rolesMeans = { authority, serverAuthorities, meter, measured, dnsAddress };
  const roles = await startRoles(server, options, rolesMeans);
  const { renewal, onRenewed } = renewing(certificates, platform, [
    () => server.setTls(tls()),
    async () => kubelets.renew(),
  ]);
  const onFiles = () => void server.setTls(tls()).catch(untold(platform));
  const following = [...serving.following(onFiles), ...settings.frontProxies.following(onFiles)];
  const running = runComponents([usage, renewal, ...following, descriptorWatch(platform)], platform);
  const url = serverUrl(options.host ?? (options.addresses[0] as string), port);
  return {
    server,
    url,
    port,
    get kubeconfig() {
      const { admin: client } = certificates;
      const { certificate } = authority;
      const serverName = serving.showsOthers ? ownCertificateName : undefined;
      return kubeconfig({ name: 'k8ts', server: url, authority: certificate, client, serverName });
    },
    onRenewed,
    admin: new Client(server.transportFor(administrator)),
    services,
    pods,
    async stop() {
      await server.drain();
      await Promise.all([running.stop().then(kubelets.close), roles.stop()]);
      await server.stop();
      await settings.close();
      await store.close();
    },
  };
}

interface RolesMeans extends Pick<RolesOptions, 'authority' | 'serverAuthorities' | 'meter' | 'dnsAddress'> {
  measured: ThreadMetrics;
}

/** Controllers and scheduler; without them there is no server either. */
function startRoles(
  server: ApiServer,
  { platform, volumeDir, pods, sharedStore, threads, means: { times, scheduling } }: ControlPlaneOptions,
  { measured, ...means }: RolesMeans,
): Promise<RunningComponents> {
  return runRoles(server, {
    ...means,
    platform,
    volumeDir,
    podRanges: pods?.ranges,
    isAlone: !sharedStore,
    times,
    scheduling,
    ...(threads?.scheduler && { schedulerThread: { program: threads.scheduler, measured } }),
  }).catch(async (error) => {
    await server.stop();
    throw error;
  });
}

/** Renews the certificates of this process, and tells those who show them. */
function renewing(
  certificates: ServerCertificates,
  platform: Platform,
  first: readonly (() => Promise<void>)[],
) {
  const listeners = [...first];
  const renewal = certificates.renewal(platform, async () => {
    for (const listener of listeners) await listener();
  });
  return { renewal, onRenewed: (listener: () => Promise<void>) => void listeners.push(listener) };
}

/** A certificate as TLS takes it, with what the other side's must stand on where that is told. */
function shownBy({ certificate, key }: KeyPair, authority?: KeyPair) {
  return { cert: certificate, key, ...(authority && { ca: authority.certificate }) };
}

/** What other servers are to trust has changed, and they cannot be told. */
const untold =
  ({ log }: Platform) =>
  (error: Error) =>
    log.error('servers that extend this one could not be told whom to trust', { error: error.message });

/** What is found when the store is read, and is for the user to mend. */
async function unreadable(
  found: unknown,
  options: Pick<ApiServerMeans['options'], 'encryption'>,
): Promise<never> {
  const error = await withKeyHealth(found, options);
  if (error instanceof TransformError)
    throw new UserError(
      error.message,
      'give --encryption-provider-config the keys that it was encrypted with',
    );
  throw error instanceof StoreError && error.code === 'Unusable' ? unusableStore(error) : error;
}

/** Listens on all addresses, on one port, and gives it. */
async function listenEverywhere(
  server: ApiServer,
  {
    platform,
    addresses,
    advertiseAddresses = [],
    listen,
    tls,
    means,
    ...options
  }: ControlPlaneOptions & { listen: HttpListener; tls: ServerTls },
): Promise<number> {
  const serviceAddress = means.apiServer.services.apiServiceAddress;
  const address =
    advertiseAddresses.find((one) => familyOf(one) === familyOf(serviceAddress)) ?? advertiseAddresses[0];
  const advertise = { address, serviceAddress };
  let { port } = options;
  try {
    for (const host of addresses) {
      const listening = await server.listen({
        listen,
        host,
        port,
        tls,
        advertise,
        hostName: await hostName(platform),
      });
      port = listening.port;
    }
  } catch (error) {
    // Another may be started on the same store at once.
    await server.stop();
    throw error;
  }
  return port;
}

/** The way to ask kubelets again and again; with `renew` as who the server is now. */
function kubeletGetter(identity: () => Parameters<typeof httpsGetter>[0]) {
  let current = httpsGetter(identity());
  return {
    get: (what: HttpsGet) => current.get(what),
    /** What is under way comes to its end; its connections are not used again. */
    renew() {
      current = httpsGetter(identity());
    },
    close: () => current.close(),
  };
}

/** Asks all kubelets what is used. */
function usageCollector(
  { clock, log }: Platform,
  kubelets: HttpsGetter,
  reader: () => ApiServer['dispatcher']['reader'],
): UsageCollector {
  return new UsageCollector({
    clock,
    log: log.named('metrics-server'),
    nodes: () => reader().list(resources.nodes),
    read: (node, signal) => readResourceMetrics(kubelets, node, signal),
  });
}

/** The newest revision, whoever wrote it: that of a list of what no key begins with. */
async function newestRevision(store: Store): Promise<number> {
  return (await store.list('\u0001', { limit: 1 })).revision;
}
