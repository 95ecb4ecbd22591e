import { nodes } from '../api/generated/resources.ts';
import type { Client } from '../client/client.ts';
import { addressFamilies, ipv6 } from '../machinery/address-family.ts';
import { ignoring } from '../machinery/status-error.ts';
import type { LocalListener } from '../platform/local-socket.ts';
import type { Platform } from '../platform/platform.ts';
import type { Store } from '../store/store.ts';
import { answerCommands } from './answer-commands.ts';
import { clusterId } from './cluster-id.ts';
import { type ControlPlane, startControlPlane, type Threads } from './control-plane.ts';
import { type ControlPlaneMeans, readControlPlaneSettings } from './control-plane-means.ts';
import { diagnose } from './doctor.ts';
import { removeHosts } from './hosts/cleanup.ts';
import { createFabric, createNodeHost, openUplink } from './hosts/fabric.ts';
import {
  type ClusterLayout,
  fabricRanges,
  mostNodes,
  nodeNameOf,
  ownIndexOf,
  ofFamilies,
  simulatedAddresses,
} from './hosts/layout.ts';
import { keepKubeconfig, refuseOtherKubeconfig } from './kubeconfig.ts';
import { nameServers } from './name-servers.ts';
import { runtimeSocketIn } from './node-dirs.ts';
import { NodeAgents } from './node-agents.ts';
import { NodeCertificates } from './node-certificates.ts';
import type { NodeProcessOptions, Program } from './node-process.ts';
import { openStore } from './open-store.ts';
import { type ClusterOptions, defaultPort, mostSimulatedNodes } from './options.ts';
import { ensureNetworkRights } from './network-rights.ts';
import { Pki } from './pki.ts';
import { type RunningComponents, runComponents } from './run-components.ts';
import type { ToldScheduling } from './scheduler-configuration.ts';
import { refuseHalfRestored } from './snapshots/restore.ts';
import { startSimulatedNode } from './simulated-node.ts';
import { cidrsOf, familiesOf, keptPodNetwork, largePodNetwork, type PodNetwork } from './pod-network.ts';
import { refuseSecond } from './refuse-second.ts';
import { knownProcess, removeState, writeState } from './state.ts';
import { claimStore } from './stored-version.ts';
import { unusableStore } from './unusable-store.ts';
import { UserError } from './user-error.ts';
import { waitForNodes } from './wait-for-nodes.ts';

export interface UpOptions {
  options: ClusterOptions;
  platform: Platform;
  program: Program;
  pid: number;
  threads?: Threads;
  /** What a test says of the scheduler. */
  scheduler?: ToldScheduling;
  /** Told after each step that took its time. */
  onStep(what: string, seconds: number): void;
  /** Resolves when the cluster is no longer wanted; a start that is under way then fails. */
  interrupted?: Promise<unknown>;
}

/** A node of a running cluster. */
export interface RunningNode {
  name: string;
  address: string;
  /** Socket of its containerd, where it has one. */
  runtimeSocket?: string;
}

export interface Cluster {
  controlPlane: ControlPlane;
  kubeconfigPath: string;
  nodes: readonly RunningNode[];
  /** Stops everything and removes what the cluster has put on this machine; the data directory stays. */
  stop(): Promise<void>;
}

const nodesTimeoutMs = 90_000;
/** So much more for each of many. */
const nodeTimeoutMs = 100;
const interruption = 'interrupted before the cluster was ready';

/** Brings a cluster up and resolves when all of it is ready; on failure nothing is left but the data directory. */
export async function up(start: UpOptions): Promise<Cluster> {
  const { options, platform } = start;
  await refuseSecond(platform.files, options.dataDir);
  await refuseHalfRestored(platform.files, options.dataDir);
  if (options.kubeconfig) await refuseOtherKubeconfig(options.kubeconfig, platform.files);
  await platform.files.makeDir(options.dataDir, { mode: 0o700 }).catch((error) => {
    throw new UserError(
      `the data directory cannot be made: ${error.message}`,
      'choose another with --data-dir',
    );
  });
  const building = new ClusterBuilder(start);
  void start.interrupted?.then(() => building.interrupt());
  try {
    return await building.build();
  } catch (error) {
    await building.stop();
    // Ctrl-C reaches the nodes' processes too: that they end is then not what went wrong.
    throw building.isInterrupted ? new UserError(interruption) : error;
  }
}

/** What stands before the control plane. */
interface ControlPlaneParts {
  fabric: ClusterLayout | undefined;
  store: Store;
  means: ControlPlaneMeans;
  pods: PodNetwork;
}

class ClusterBuilder {
  readonly #start: UpOptions;
  readonly #id: string;
  readonly #agents: NodeAgents;
  readonly #simulated: RunningComponents[] = [];
  readonly #pki: Pki;
  readonly #certificates: NodeCertificates;
  #renewal: RunningComponents | undefined;
  #store: Store | undefined;
  #means: ControlPlaneMeans | undefined;
  #controlPlane: ControlPlane | undefined;
  #control: LocalListener | undefined;
  #stopping: Promise<void> | undefined;
  isInterrupted = false;
  #failAgent: (reason: string) => void = () => {};
  readonly #agentFailed = new Promise<string>((resolve) => {
    this.#failAgent = resolve;
  });

  constructor(start: UpOptions) {
    this.#start = start;
    this.#pki = new Pki(`${start.options.dataDir}/pki`, start.platform);
    this.#certificates = new NodeCertificates(this.#pki);
    this.#agents = new NodeAgents(start.platform, (node, text) =>
      this.#failAgent(`the agent of ${node} has ended:\n${text}`),
    );
    this.#id = clusterId(start.options.dataDir);
  }

  get #isReal(): boolean {
    const { nodes, runtime } = this.#start.options;
    return nodes > 0 && runtime !== 'simulated';
  }

  async build(): Promise<Cluster> {
    const { options, platform } = this.#start;
    if (this.#isReal && options.nodes > mostNodes)
      throw new UserError(
        `--nodes ${options.nodes} is more than the network of real nodes has room for: ${mostNodes}`,
        `with --runtime simulated there can be up to ${mostSimulatedNodes}`,
      );
    const kubeconfigPath = options.kubeconfig ?? `${options.dataDir}/kubeconfig`;
    // From here on a second one is refused, and `k8ts down` finds this one.
    await this.#noteState({ server: '', kubeconfigPath, nodes: [] }).catch((error: Error) => {
      throw unusableStore(error);
    });
    if (this.#isReal) await this.#checkMachine();
    // What cannot be used is told before a network is built for it.
    const means = await this.#readSettings();
    const store = await this.#openStore();
    const pods = await keptPodNetwork(store, means.pods, platform.log);
    let fabric: ClusterLayout | undefined;
    if (this.#isReal) {
      await this.#removeLeftovers();
      fabric = await this.#step('network of the nodes', () => this.#createFabric(pods));
    }
    const controlPlane = await this.#step('control plane', () =>
      this.#startControlPlane({ fabric, store, means, pods }),
    );
    await keepKubeconfig(kubeconfigPath, controlPlane, platform).catch((error) => {
      throw new UserError(
        `the kubeconfig cannot be written: ${error.message}`,
        'its folder must be there and be writable',
      );
    });
    const nodes = await this.#step(`${options.nodes} node${options.nodes === 1 ? '' : 's'}`, () =>
      this.#startNodes(controlPlane, fabric),
    );
    await this.#noteState({ server: controlPlane.url, kubeconfigPath, nodes });
    return { controlPlane, kubeconfigPath, nodes, stop: () => this.stop() };
  }

  /** Nothing new is begun, and nodes are not waited for; what is under way comes to its end. */
  interrupt(): void {
    this.isInterrupted = true;
    this.#failAgent(interruption);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#tearDown();
    return this.#stopping;
  }

  async #step<T>(what: string, run: () => Promise<T>): Promise<T> {
    if (this.isInterrupted) throw new UserError(interruption);
    const { clock } = this.#start.platform;
    const startMs = clock.monotonic();
    const result = await run();
    this.#start.onStep(what, (clock.monotonic() - startMs) / 1000);
    return result;
  }

  async #createFabric(pods: PodNetwork): Promise<ClusterLayout> {
    const { options, platform } = this.#start;
    const isIPv6 = familiesOf(pods).includes(ipv6);
    const fabric = await createFabric(platform, this.#id, isIPv6);
    if (options.uplink === 'nat') await openUplink(platform, fabric, isIPv6);
    return fabric;
  }

  async #checkMachine(): Promise<void> {
    const lacking = (await diagnose(this.#start.platform)).filter((check) => !check.ok && !check.optional);
    if (lacking.length === 0) return;
    const what = lacking.map((check) => check.what).join(', ');
    const fixes = lacking.flatMap((check) => check.fix ?? []).join('; ');
    const hint = `${fixes} (\`k8ts doctor\` says more); or \`--nodes 0\` for the control plane alone`;
    throw new UserError(`this machine cannot run nodes: it lacks ${what}`, hint);
  }

  async #removeLeftovers(): Promise<void> {
    await removeHosts(this.#start.platform, this.#id, this.#start.options.dataDir);
  }

  async #readSettings(): Promise<ControlPlaneMeans> {
    const { options, platform, scheduler } = this.#start;
    const { leaderElection, schedulerConfig, apiServer, pods, store, nodes } = options;
    const sharedStore = store === 'etcd';
    const settings = { leaderElection, schedulerConfig, scheduler, apiServer, pods, sharedStore };
    this.#means = await readControlPlaneSettings(settings, {
      platform,
      ...(nodes > mostNodes && { usualPods: largePodNetwork }),
      // A cluster that is there may have its pods elsewhere than where nobody has said that it should.
      publicAddresses: (wanted) =>
        this.#isReal
          ? ofFamilies(fabricRanges, wanted.isTold ? familiesOf(wanted.network) : addressFamilies)
          : [],
    });
    return this.#means;
  }

  async #openStore(): Promise<Store> {
    const { options, platform } = this.#start;
    const store = await openStore(options, platform);
    this.#store = store;
    await claimStore(store, { mostOlder: 0 });
    this.#control = await answerCommands(store, {
      platform,
      dataDir: options.dataDir,
      commands: this.#agents.commands(),
    });
    return store;
  }

  async #startControlPlane({ fabric, store, means, pods }: ControlPlaneParts): Promise<ControlPlane> {
    const { options, platform, threads } = this.#start;
    const hosts = fabric ? ofFamilies(fabric.host, familiesOf(pods)) : [];
    const common = {
      platform,
      store,
      pki: this.#pki,
      threads,
      sharedStore: options.store === 'etcd',
      means,
      volumeDir: `${options.dataDir}/volumes`,
      addresses: ['127.0.0.1', ...hosts],
      advertiseAddresses: hosts,
      pods,
    };
    try {
      this.#controlPlane = await startControlPlane({ ...common, port: options.port ?? defaultPort });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      if (options.port !== undefined) {
        throw new UserError(
          `port ${options.port} is taken`,
          'choose another with --port, or --port 0 for any free one',
        );
      }
      this.#controlPlane = await startControlPlane({ ...common, port: 0 });
    }
    return this.#controlPlane;
  }

  async #startNodes(controlPlane: ControlPlane, fabric: ClusterLayout | undefined): Promise<RunningNode[]> {
    const { options, platform } = this.#start;
    const sinceMs = platform.clock.now();
    const indexes = Array.from({ length: options.nodes }, (_, i) => i + 1);
    await this.#forgetFormerNodes(controlPlane.admin);
    if (fabric) await ensureNetworkRights(controlPlane.admin);
    const started = await settled(
      indexes.map((index) =>
        fabric
          ? this.#startRealNode(index, fabric, controlPlane)
          : this.#startSimulatedNode(nodeNameOf(index), controlPlane),
      ),
    );
    this.#renewal = runComponents([this.#certificates.renewal(platform)], platform);
    const names = started.map((node) => node.name);
    const { admin } = controlPlane;
    await waitForNodes({
      client: admin,
      clock: platform.clock,
      names,
      timeoutMs: nodesTimeoutMs + started.length * nodeTimeoutMs,
      sinceMs,
      failed: this.#agentFailed,
    });
    return started;
  }

  /** Of an earlier start with more nodes those that are not started now are gone: nothing must be placed on them. */
  async #forgetFormerNodes(admin: Client): Promise<void> {
    const { items } = await admin.of(nodes).list();
    const cause = { reason: 'the cluster was started with fewer nodes' };
    for (const { metadata, status } of items) {
      const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
      if ((ownIndexOf(metadata.name, address) ?? 0) > this.#start.options.nodes)
        await admin.of(nodes).delete(metadata, { cause }).catch(ignoring('NotFound'));
    }
  }

  async #startRealNode(
    index: number,
    cluster: ClusterLayout,
    { port: apiPort, services, pods }: ControlPlane,
  ): Promise<RunningNode> {
    const { options, platform, program } = this.#start;
    const node = await createNodeHost(platform, cluster, {
      index,
      dataDir: options.dataDir,
      serviceRanges: services.ranges,
      podRanges: cidrsOf(pods),
      uplink: options.uplink,
    });
    const upstreamDns = options.uplink === 'nat' ? await nameServers(platform) : [];
    const process: NodeProcessOptions = {
      platform,
      program,
      pki: this.#pki,
      cluster,
      node,
      dataDir: options.dataDir,
      apiPort,
      pods,
      dnsAddress: services.dnsAddress,
      upstreamDns,
    };
    await this.#agents.add(process);
    this.#certificates.addAgent(process);
    const runtimeSocket = runtimeSocketIn(`${options.dataDir}/nodes/${node.name}`);
    const [address = ''] = ofFamilies(node.addresses, familiesOf(pods));
    return { name: node.name, address, runtimeSocket };
  }

  async #startSimulatedNode(name: string, controlPlane: ControlPlane): Promise<RunningNode> {
    const { platform } = this.#start;
    const serving = await this.#certificates.simulated();
    const groups = ['system:nodes', 'system:authenticated'];
    const transport = controlPlane.server.transportFor({ name: `system:node:${name}`, groups });
    const { services, pods } = controlPlane;
    const { dnsAddress } = services;
    const addresses = ofFamilies(simulatedAddresses, familiesOf(pods));
    this.#simulated.push(
      await startSimulatedNode({ name, transport, platform, addresses, serving, dnsAddress }),
    );
    return { name, address: addresses[0] as string };
  }

  async #noteState(known: {
    server: string;
    kubeconfigPath: string;
    nodes: readonly RunningNode[];
  }): Promise<void> {
    const { options, platform, pid } = this.#start;
    await writeState(platform.files, options.dataDir, {
      ...(await knownProcess(platform.files, pid)),
      id: this.#id,
      server: known.server,
      kubeconfig: known.kubeconfigPath,
      runtime: options.runtime,
      startedMs: platform.clock.now(),
      nodes: known.nodes.map((node) => ({ ...node })),
    });
  }

  async #tearDown(): Promise<void> {
    const { options, platform } = this.#start;
    await this.#controlPlane?.server.drain();
    await this.#control?.close();
    await Promise.all([this.#renewal?.stop(), this.#agents.release()]);
    for (const node of this.#simulated) await node.stop();
    if (this.#controlPlane) await this.#controlPlane.stop();
    else await Promise.all([this.#store?.close(), this.#means?.apiServer.close()]);
    // Pods have nothing to be asked any more: they go with their node.
    if (this.#isReal) await removeHosts(platform, this.#id, options.dataDir);
    await removeState(platform.files, options.dataDir);
  }
}

/** Like Promise.all, but waits for all also where one fails: what is torn down next must not still be growing. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
