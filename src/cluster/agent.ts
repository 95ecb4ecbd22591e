import type { Component } from '../client/component.ts';
import { Endpoints } from '../client/endpoints.ts';
import type { Recorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { EventSeriesRecorder } from '../client/series-recorder.ts';
import { createDns } from '../dns/dns.ts';
import type { KubeletOptions } from '../kubelet/config.ts';
import { createKubelet } from '../kubelet/kubelet.ts';
import { ServingTls } from '../kubelet/server/serving-tls.ts';
import { linuxHost } from '../kubelet/node/linux-host.ts';
import { parseMountInfo } from '../kubelet/volumes/mounts.ts';
import { type ContainerdDaemon, startContainerd } from '../kubelet/runtimes/containerd/daemon.ts';
import { createHostPorts } from '../network/host-ports.ts';
import { NetworkPolicies } from '../network/policies/network-policies.ts';
import { createNetwork } from '../network/network.ts';
import { systemDialer } from '../platform/dial.ts';
import { listenHttps } from '../platform/http-server.ts';
import { systemHostCalls } from '../platform/host-calls.ts';
import { listenPlainHttp } from '../platform/plain-http-server.ts';
import type { Platform } from '../platform/platform.ts';
import { nftablesBackend } from '../proxy/nftables.ts';
import { createProxy } from '../proxy/proxy.ts';
import type { AgentConfig } from './agent-config.ts';
import { descriptorWatch } from './descriptor-watch.ts';
import { kubeletIn, kubeletPath, logLinksIn, podLogsIn, podLogsPath, runtimeDirIn } from './node-dirs.ts';
import { type NodeClient, nodeClient } from './node-client.ts';
import { network } from './options.ts';
import { serverTls } from './pki.ts';
import { runComponents } from './run-components.ts';

/** What a node shows others: who it is, who its proxy is, and what it serves with. */
export type NodePairs = Pick<AgentConfig, 'node' | 'proxy' | 'serving'>;

export interface Agent {
  /** Resolves when the agent cannot go on: its container runtime has ended. */
  failed: Promise<Error>;
  /** Stops the agent; its pods live on. */
  stop(): Promise<void>;
}

/** The parts of a node. */
export interface NodeParts extends Agent {
  /** Shows these from now on; connections that stand go on. */
  renew(pairs: NodePairs): void;
}

/** What an agent is told by the process around it. */
interface AgentExtras {
  /** The API servers, where somebody follows which there are. */
  servers?: Endpoints;
  /** Called once the API server has the Node. */
  onRegistered?: () => void;
}

const port = network.kubeletPort;

/** The parts of one node: container runtime, kubelet, pod network, proxy and DNS. Called inside the node's namespaces. */
export async function startAgent(
  config: AgentConfig,
  platform: Platform,
  { servers = new Endpoints(config.servers), onRegistered }: AgentExtras = {},
): Promise<NodeParts> {
  const containerd = await startRuntime(config, platform);
  const abort = new AbortController();
  const node = nodeClient({ ...config, servers }, config.node, 'kubelet');
  const proxy = nodeClient({ ...config, servers }, config.proxy, 'kube-proxy');
  const { clock, random, log } = platform;
  const informers = new Informers({ client: proxy.client, clock, random, log: log.named('informer') });
  const policies = new NetworkPolicies({
    nodeName: config.nodeName,
    informers,
    platform: { ...platform, log: log.named('network') },
  });
  const admitToNetwork: KubeletOptions['admitToNetwork'] = (pod, addresses) => policies.admit(pod, addresses);
  const { client } = node;
  const tls = new ServingTls(serverTls(config.serving, config.authority));
  const kubelet = await kubeletOf(config, {
    platform,
    containerd,
    client,
    tls,
    onRegistered,
    admitToNetwork,
  });
  const own = new Informers({ client: node.client, clock, random, log: log.named('informer') });
  const hostPorts = createHostPorts({
    informers: own,
    nodeName: config.nodeName,
    podRanges: config.podRanges,
    platform: { ...platform, log: log.named('network') },
  });
  const events = new EventSeriesRecorder({
    client: proxy.client,
    clock,
    random,
    log,
    reporter: 'kube-proxy',
    host: config.nodeName,
  });
  const networkParts = networking(config, platform, { informers, events });
  const components = [kubelet, hostPorts, policies, ...networkParts, descriptorWatch(platform)];
  for (const group of [informers, own]) group.start(abort.signal);
  const running = runComponents(components, platform);
  return {
    failed: containerd.ended.then(() => new Error('containerd has ended')),
    renew(pairs) {
      node.renew(pairs.node);
      proxy.renew(pairs.proxy);
      tls.set(serverTls(pairs.serving, config.authority));
    },
    async stop() {
      await running.stop();
      events.close();
      abort.abort();
      await Promise.all([informers.stopped(), own.stopped()]);
      node.close();
      proxy.close();
      await containerd.stop();
    },
  };
}

/** A containerd left by an agent that was killed would hold the node's state: it is ended first. */
async function startRuntime(config: AgentConfig, platform: Platform): Promise<ContainerdDaemon> {
  const directory = runtimeDirIn(config.dir);
  await platform.files.makeDir(config.runDir);
  await endLeftRuntime(platform, { runDir: config.runDir, dir: directory });
  const containerd = await startContainerd({
    platform: { ...platform, log: platform.log.named('containerd') },
    directory,
    cniBinDir: config.cniBinDir,
    cniConfDir: `${config.dir}/cni`,
  });
  await platform.files.write(pidFileIn(config.runDir), String(containerd.pid));
  return containerd;
}

const pidFileIn = (runDir: string) => `${runDir}/containerd.pid`;

/** Ends the containerd with this directory that an agent has left; its pods live on. */
export async function endLeftRuntime(
  { files, processes, clock }: Pick<Platform, 'files' | 'processes' | 'clock'>,
  { runDir, dir }: { runDir: string; dir: string },
): Promise<void> {
  const pid = await files.readText(pidFileIn(runDir)).catch(() => '');
  if (!/^\d+$/.test(pid)) return;
  const isIt = async () =>
    (await files.readText(`/proc/${pid}/cmdline`).catch(() => '')).includes(`${dir}/config.toml`);
  if (!(await isIt())) return;
  await processes.run('kill', ['-TERM', pid]);
  const deadlineMs = clock.monotonic() + 10_000;
  while ((await isIt()) && clock.monotonic() < deadlineMs) await clock.sleep(20);
  if (await isIt()) await processes.run('kill', ['-KILL', pid]);
}

/** The kubelet's folder, under the name that plugins know where it is mounted there: what they are told to mount has to be what they see. */
async function kubeletRoot({ dir }: AgentConfig, { files }: Platform): Promise<string> {
  const own = kubeletIn(dir);
  await files.makeDir(own);
  const mounted = parseMountInfo(await files.readText('/proc/self/mountinfo'));
  if (!mounted.some(({ path }) => path === kubeletPath)) return own;
  const [stands, known] = await Promise.all([files.stat(own), files.stat(kubeletPath)]);
  return known?.inode === stands?.inode ? kubeletPath : own;
}

async function kubeletOf(
  config: AgentConfig,
  parts: {
    platform: Platform;
    containerd: ContainerdDaemon;
    client: NodeClient['client'];
    tls: ServingTls;
    onRegistered?: () => void;
    admitToNetwork: KubeletOptions['admitToNetwork'];
  },
): Promise<Component> {
  const { platform, containerd, client, tls, ...told } = parts;
  const root = await kubeletRoot(config, platform);
  return createKubelet({
    client,
    runtime: containerd.runtime,
    platform,
    host: await linuxHost(platform, systemHostCalls),
    dialer: systemDialer,
    nodeName: config.nodeName,
    dirs: {
      root,
      logs: podLogsIn(config.dir),
      ...(config.ownLog && { logLinks: { dir: logLinksIn(config.dir), podLogs: podLogsPath } }),
      staticPods: `${config.dir}/manifests`,
      plugins: `${root}/plugins_registry`,
    },
    node: {
      addresses: [...internal(config.addresses), { type: 'Hostname', address: config.nodeName }],
      labels: config.labels,
      capacity: config.capacity,
    },
    cluster: { dnsServers: [config.clusterDns], domain: config.domain },
    cgroupRoot: config.cgroupRoot,
    server: {
      host: config.addresses[0] as string,
      port,
      tls,
      listen: listenHttps,
    },
    ...told,
  });
}

const internal = (addresses: readonly string[]) =>
  addresses.map((address) => ({ type: 'InternalIP', address }));

function networking(
  config: AgentConfig,
  platform: Platform,
  { informers, events }: { informers: Informers; events: Recorder },
): Component[] {
  const { clock, random, log, processes } = platform;
  const { nodeName, dir, runDir, podRanges, mtu, addresses, domain, upstreamDns } = config;
  return [
    createNetwork({
      nodeName,
      informers,
      platform: { ...platform, log: log.named('network') },
      cniConfigDir: `${dir}/cni`,
      // Pods do not outlive the machine's start, and their addresses are free with them.
      cniStateDir: `${runDir}/pod-addresses`,
      podRanges,
      mtu,
    }),
    createProxy({
      nodeName,
      informers,
      podRanges,
      backend: nftablesBackend(processes),
      health: {
        listen: listenPlainHttp,
        hosts: { IPv4: '0.0.0.0', IPv6: '::' },
        port: network.proxyHealthPort,
      },
      diagnostics: { host: '127.0.0.1', port: network.proxyMetricsPort },
      events,
      clock,
      log: log.named('proxy'),
    }),
    createDns({
      informers,
      log: log.named('dns'),
      random,
      addresses,
      port: 53,
      domain,
      upstreams: upstreamDns.map((server) => ({ address: server, port: 53 })),
    }),
  ];
}
