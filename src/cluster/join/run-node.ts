import { endpointslices } from '../../api/generated/resources.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import type { Component } from '../../client/component.ts';
import { Endpoints } from '../../client/endpoints.ts';
import { Informers } from '../../client/informers.ts';
import type { Platform } from '../../platform/platform.ts';
import { type Agent, startAgent } from '../agent.ts';
import { nodeClient } from '../node-client.ts';
import { nameServers } from '../name-servers.ts';
import { cniBinDirOf } from '../node-process.ts';
import { runComponents } from '../run-components.ts';
import { startSimulatedNode } from '../simulated-node.ts';
import { renewAtMs } from './certificate.ts';
import { agentDir, cgroupOf, type JoinedNode, runDirOf, renewed, writeNode } from './joined-node.ts';
import { prepareMachine } from './prepare-machine.ts';

export interface RunNodeOptions {
  dataDir: string;
  runtime: 'containerd' | 'simulated';
  platform: Platform;
}

/** How often it is looked whether certificates are due. */
const checkEveryMs = 600_000;
const retryMs = 60_000;

interface JoinedAgent extends Agent {
  /** Resolves once the API server has the Node. */
  registered: Promise<void>;
}

/** Runs a node that has joined: its parts, the renewal of its certificates, and what it knows of the servers. */
export async function runNode(joined: JoinedNode, options: RunNodeOptions): Promise<JoinedAgent> {
  const node = new NodeRunner(joined, options);
  await node.start();
  return node;
}

/** URLs of the servers in the slices of the Service `kubernetes`. */
export const serversIn = (slices: readonly EndpointSlice[]): string[] => slices.flatMap(serversOf);

function serversOf({ ports = [], endpoints = [] }: EndpointSlice): string[] {
  const port = (ports.find(({ name }) => name === 'https') ?? ports[0])?.port;
  if (port === undefined) return [];
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses)
    .map((address) => `https://${address.includes(':') ? `[${address}]` : address}:${port}`);
}

class NodeRunner implements JoinedAgent {
  readonly failed: Promise<Error>;
  readonly registered: Promise<void>;
  readonly #options: RunNodeOptions;
  readonly #endpoints: Endpoints;
  #joined: JoinedNode;
  #parts: Agent | undefined;
  #keeping: { stop(): Promise<void> } | undefined;
  #fail: (error: Error) => void = () => {};
  #register: () => void = () => {};

  constructor(joined: JoinedNode, options: RunNodeOptions) {
    this.#joined = joined;
    this.#options = options;
    this.#endpoints = new Endpoints(joined.servers, { fallbacks: joined.given });
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.registered = new Promise((resolve) => {
      this.#register = resolve;
    });
  }

  async start(): Promise<void> {
    if (this.#options.runtime === 'containerd') await prepareMachine(this.#joined, this.#options.platform);
    await this.#startParts();
    this.#keeping = runComponents([this.#renewal(), this.#following()], this.#options.platform);
  }

  async stop(): Promise<void> {
    await this.#keeping?.stop();
    await this.#parts?.stop();
  }

  async #startParts(): Promise<void> {
    const parts = this.#options.runtime === 'simulated' ? await this.#simulated() : await this.#real();
    this.#parts = parts;
    // Parts that were stopped for new ones end too; that is no failure.
    void parts.failed.then((error) => this.#parts === parts && this.#fail(error));
  }

  async #simulated(): Promise<Agent> {
    const { platform } = this.#options;
    const { nodeName, node, serving, authority, address } = this.#joined;
    const known = { servers: this.#endpoints, authority };
    const { client, close } = nodeClient(known, node, 'kubelet');
    const running = await startSimulatedNode({
      name: nodeName,
      transport: client.transport,
      platform,
      address,
      serving: { pair: serving, authority },
      onRegistered: this.#register,
    });
    return {
      failed: new Promise(() => {}),
      async stop() {
        await running.stop();
        close();
      },
    };
  }

  async #real(): Promise<Agent> {
    const { platform, dataDir } = this.#options;
    const { serviceRange, node, ...joined } = this.#joined;
    return startAgent(
      {
        ...joined,
        node,
        // The node's own name is enough to read Services with.
        proxy: node,
        dir: agentDir(dataDir),
        runDir: runDirOf(joined.nodeName),
        cniBinDir: await cniBinDirOf(platform),
        cgroupRoot: cgroupOf(joined.nodeName),
        clusterDns: tenthAddress(serviceRange),
        mtu: 1500,
        upstreamDns: await nameServers(platform),
      },
      platform,
      { servers: this.#endpoints, onRegistered: this.#register },
    );
  }

  #renewal(): Component {
    const { clock, random, log } = this.#options.platform;
    const run = async (signal: AbortSignal) => {
      const chance = random.next();
      const due = () =>
        [this.#joined.node, this.#joined.serving].some(
          (p) => renewAtMs(p.certificate, chance) <= clock.now(),
        );
      while (!signal.aborted) {
        if (due()) await this.#renew();
        await clock.sleep(checkEveryMs, signal).catch(() => {});
      }
    };
    const retrying = async (signal: AbortSignal) => {
      while (!signal.aborted) {
        await run(signal).catch((error) => log.error('certificates could not be renewed yet', { error }));
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    };
    return { name: 'certificate-renewal', run: retrying };
  }

  /** Pods live on while the parts start again with the new certificates. */
  async #renew(): Promise<void> {
    const { platform, dataDir } = this.#options;
    const fresh = await renewed({ ...this.#joined, servers: [...this.#endpoints.all] }, platform);
    await writeNode(dataDir, fresh, platform);
    this.#joined = fresh;
    const old = this.#parts;
    this.#parts = undefined;
    await old?.stop();
    await this.#startParts();
    platform.log.info('certificates renewed', { node: fresh.nodeName });
  }

  /** Follows which servers there are, and writes them down. */
  #following(): Component {
    const { platform } = this.#options;
    const { clock, random, log } = platform;
    const run = async (signal: AbortSignal) => {
      const { node, authority } = this.#joined;
      const { client, close } = nodeClient({ servers: this.#endpoints, authority }, node, 'k8ts-agent');
      const informers = new Informers({ client, clock, random, log: log.named('informer') });
      const select = { namespace: 'default', labelSelector: 'kubernetes.io/service-name=kubernetes' };
      const slices = informers.of(endpointslices, select);
      const learn = () => void this.#learn(serversIn([...slices.list()]));
      slices.onChange({ added: learn, updated: learn, deleted: learn });
      informers.start(signal);
      await informers.stopped();
      close();
    };
    return { name: 'server-follower', run };
  }

  async #learn(servers: readonly string[]): Promise<void> {
    if (!this.#endpoints.learn(servers)) return;
    const { dataDir, platform } = this.#options;
    this.#joined = { ...this.#joined, servers: [...this.#endpoints.all] };
    await writeNode(dataDir, this.#joined, platform).catch((error) =>
      platform.log.warn('the list of servers could not be kept', { error }),
    );
  }
}

/** Where cluster DNS is found by convention. */
export function tenthAddress(range: string): string {
  const parts = (range.split('/')[0] ?? '').split('.').map(Number);
  const value = parts.reduce((sum, part) => sum * 256 + part, 0) + 10;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
