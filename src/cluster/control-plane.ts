import { defaultAdmission } from '../apiserver/admission/plugins.ts';
import { allKinds } from '../apiserver/kinds/kinds.ts';
import type { UserInfo } from '../apiserver/registry/kind.ts';
import { type ApiServer, createApiServer } from '../apiserver/server.ts';
import { tlsNodeDialer } from '../apiserver/streams/node-dialer.ts';
import { Client } from '../client/client.ts';
import type { Component } from '../client/component.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import type { ControllerContext } from '../controllers/controller.ts';
import { createControllers } from '../controllers/all.ts';
import { systemConnector } from '../platform/connect.ts';
import { listenHttps } from '../platform/http-server.ts';
import type { Platform } from '../platform/platform.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import type { Store } from '../store/store.ts';
import { discover } from './discover.ts';
import { kubeconfig } from './kubeconfig.ts';
import { network } from './options.ts';
import type { KeyPair, Pki } from './pki.ts';
import { type RunningComponents, runComponents } from './run-components.ts';
import { shareReads } from './shared-read.ts';
import { version } from './version.ts';

export interface ControlPlaneOptions {
  platform: Platform;
  store: Store;
  pki: Pki;
  /** Where volumes of claims that ask for none in particular are kept. */
  volumeDir: string;
  /** Addresses to listen on; the first is the one in the kubeconfig. */
  addresses: readonly string[];
  /** 0 is any free one. */
  port: number;
  /** Where pods and nodes find the server; the `kubernetes` Service has no endpoints where there is none. */
  advertiseAddress?: string;
  /** Whether others write into the store as well. */
  sharedStore?: boolean;
  /** Freezes what the server hands out: for tests. */
  freeze?: boolean;
}

export interface ControlPlane {
  server: ApiServer;
  /** URL of the API server on the first address. */
  url: string;
  port: number;
  /** The administrator's kubeconfig. */
  kubeconfig: string;
  /** A client with all rights, in this process. */
  admin: Client;
  stop(): Promise<void>;
}

const issuer = `https://kubernetes.default.svc.${network.domain}`;

/** The name in the certificate with which the server asks the servers that extend it. */
const proxyName = 'front-proxy-client';

/** Names under which clients may call the server. */
const serverNames = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  `kubernetes.default.svc.${network.domain}`,
  'localhost',
  '127.0.0.1',
  network.apiServiceAddress,
];

export const administrator: UserInfo = {
  name: 'kubernetes-admin',
  groups: ['system:masters', 'system:authenticated'],
};

/** A component of the control plane as itself. */
const systemUser = (name: string): UserInfo => ({ name: `system:${name}`, groups: ['system:authenticated'] });

const serviceAccount = (name: string): UserInfo => ({
  name: `system:serviceaccount:kube-system:${name}`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
});

/** The keys and certificates of the API server and of its administrator. */
async function credentials({ pki, addresses }: Pick<ControlPlaneOptions, 'pki' | 'addresses'>) {
  const authority = await pki.authority();
  const [tokenKey, serving, admin, kubelet, proxy] = await Promise.all([
    pki.tokenKey(),
    pki.pair('apiserver', {
      commonName: 'kube-apiserver',
      hosts: [...serverNames, ...addresses],
      usages: ['server'],
    }),
    pki.pair('admin', {
      commonName: administrator.name,
      organizations: ['system:masters'],
      usages: ['client'],
    }),
    pki.pair('apiserver-kubelet-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
    }),
    pki.pair('front-proxy-client', { commonName: proxyName, usages: ['client'] }, 'front-proxy-ca'),
  ]);
  const proxyAuthority = await pki.authority('front-proxy-ca');
  return { authority, proxyAuthority, tokenKey, serving, admin, kubelet, proxy };
}

/** API server, controllers and scheduler in this process. When it resolves, the API answers. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { platform, store } = options;
  const { authority, proxyAuthority, tokenKey, serving, admin, kubelet, proxy } = await credentials(options);
  const server = await createApiServer({
    platform: { ...platform, log: platform.log.named('apiserver') },
    store,
    kinds: allKinds,
    admission: defaultAdmission,
    serviceAccounts: { issuer, keys: [tokenKey] },
    version,
    nodes: tlsNodeDialer({
      connect: systemConnector,
      cert: kubelet.certificate,
      key: kubelet.key,
      ca: authority.certificate,
    }),
    outside: systemConnector,
    frontProxy: {
      cert: proxy.certificate,
      key: proxy.key,
      ca: proxyAuthority.certificate,
      names: [proxyName],
    },
    ...(options.sharedStore && { freshRevision: shareReads(() => newestRevision(store)) }),
    freeze: options.freeze,
  });
  const tls = { cert: serving.certificate, key: serving.key, clientCa: authority.certificate };
  const advertise = { address: options.advertiseAddress, serviceAddress: network.apiServiceAddress };
  let { port } = options;
  for (const host of options.addresses) {
    const listening = await server.listen({ listen: listenHttps, host, port, tls, advertise });
    port = listening.port;
  }
  const components = startComponents(server, { platform, authority, volumeDir: options.volumeDir });
  const url = `https://${options.addresses[0]}:${port}`;
  return {
    server,
    url,
    port,
    kubeconfig: kubeconfig({
      name: 'k8ts',
      server: url,
      authority: authority.certificate,
      client: admin,
    }),
    admin: new Client(server.transportFor(administrator)),
    async stop() {
      await components.stop();
      await server.stop();
      await store.close();
    },
  };
}

/** The newest revision, whoever wrote it: that of a list of what no key begins with. */
async function newestRevision(store: Store): Promise<number> {
  return (await store.list('\u0001', { limit: 1 })).revision;
}

/** Controllers and scheduler, each as itself, on informers that they share. */
function startComponents(
  server: ApiServer,
  { platform, authority, volumeDir }: { platform: Platform; authority: KeyPair; volumeDir: string },
): RunningComponents {
  const { clock, random, log } = platform;
  const abort = new AbortController();
  const informersOf = (user: UserInfo) =>
    new Informers({
      client: new Client(server.transportFor(user)),
      clock,
      random,
      log: log.named('informer'),
    });
  const contextFor = (user: UserInfo, informers: Informers): ControllerContext => {
    const client = new Client(server.transportFor(user));
    const component = user.name.slice(user.name.lastIndexOf(':') + 1);
    const events = new EventRecorder({ client, clock, random, log, source: { component } });
    return { client, informers, events, clock, random, log };
  };
  const managers = informersOf(systemUser('kube-controller-manager'));
  const controllers = createControllers({
    contextFor: (name) => contextFor(serviceAccount(name), managers),
    discover: async (options) => discover(server, options),
    authority: authority.certificate,
    authorityKey: authority.key,
    podRange: network.podRange,
    nodeBits: network.nodeBits,
    dnsAddress: network.dnsAddress,
    localVolumes: {
      pathOf: (name) => `${volumeDir}/${name}`,
      remove: (name) => platform.files.remove(`${volumeDir}/${name}`),
    },
  });
  const schedulerInformers = informersOf(systemUser('kube-scheduler'));
  const scheduling = contextFor(systemUser('kube-scheduler'), schedulerInformers);
  const scheduler = createScheduler({
    ...scheduling,
    events: new EventRecorder({ ...scheduling, source: { component: 'default-scheduler' } }),
    log: log.named('scheduler'),
  });
  const all: Component[] = [...controllers, scheduler];
  managers.start(abort.signal);
  schedulerInformers.start(abort.signal);
  const running = runComponents(all, platform);
  return {
    async stop() {
      await running.stop();
      abort.abort();
      await Promise.all([managers.stopped(), schedulerInformers.stopped()]);
    },
  };
}
