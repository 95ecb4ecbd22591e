import { endpointslices } from '../../api/generated/resources.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import type { Component } from '../../client/component.ts';
import { Endpoints } from '../../client/endpoints.ts';
import { Informers } from '../../client/informers.ts';
import { ServingTls } from '../../kubelet/server/serving-tls.ts';
import type { Platform } from '../../platform/platform.ts';
import { type Agent, type NodeParts, startAgent } from '../agent.ts';
import { serverUrl } from '../server-url.ts';
import { type NodeClient, nodeClient } from '../node-client.ts';
import { nameServers } from '../name-servers.ts';
import { serverTls } from '../pki.ts';
import { cniBinDirOf } from '../node-process.ts';
import { runComponents } from '../run-components.ts';
import { serviceNetworkOf } from '../service-network.ts';
import { startSimulatedNode } from '../simulated-node.ts';
import { renewAtMs } from './certificate.ts';
import {
  addressesOf,
  agentDir,
  cgroupOf,
  isCertifiedAt,
  type JoinedNode,
  podRangesOf,
  requestClient,
  requestServing,
  runDirOf,
  serviceRangesOf,
  writeNode,
} from './joined-node.ts';
import { prepareMachine } from './prepare-machine.ts';

export interface RunNodeOptions {
  dataDir: string;
  runtime: 'containerd' | 'simulated';
  platform: Platform;
}

/** How often it is looked whether certificates are due. */
const checkEveryMs = 600_000;
const retryMs = 60_000;
/** How long a request waits for somebody who approves it, as upstream's do. */
const renewalTimeoutMs = 900_000;

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

function serversOf({ ports, endpoints }: EndpointSlice): string[] {
  const port = (ports?.find(({ name }) => name === 'https') ?? ports?.[0])?.port;
  if (port === undefined) return [];
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses)
    .map((address) => serverUrl(address, port));
}

class NodeRunner implements JoinedAgent {
  readonly failed: Promise<Error>;
  readonly registered: Promise<void>;
  readonly #options: RunNodeOptions;
  readonly #endpoints: Endpoints;
  #joined: JoinedNode;
  #isUnwritten = false;
  #writing: Promise<void> = Promise.resolve();
  #parts: NodeParts | undefined;
  #follower: NodeClient | undefined;
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
    this.#parts = this.#options.runtime === 'simulated' ? await this.#simulated() : await this.#real();
    void this.#parts.failed.then(this.#fail);
    const keeping = [this.#renewal('node'), this.#renewal('serving'), this.#following()];
    this.#keeping = runComponents(keeping, this.#options.platform);
  }

  async stop(): Promise<void> {
    await this.#keeping?.stop();
    await this.#parts?.stop();
  }

  /** Where cluster DNS is found by convention. */
  get #dnsAddress(): string {
    return serviceNetworkOf(serviceRangesOf(this.#joined)).dnsAddress;
  }

  async #simulated(): Promise<NodeParts> {
    const { platform } = this.#options;
    const { nodeName, node, serving, authority } = this.#joined;
    const known = { servers: this.#endpoints, authority };
    const { client, renew, close } = nodeClient(known, node, 'kubelet');
    const tls = new ServingTls(serverTls(serving, authority));
    const running = await startSimulatedNode({
      name: nodeName,
      transport: client.transport,
      platform,
      addresses: addressesOf(this.#joined),
      serving: tls,
      dnsAddress: this.#dnsAddress,
      onRegistered: this.#register,
    });
    return {
      failed: new Promise(() => {}),
      renew(pairs) {
        renew(pairs.node);
        tls.set(serverTls(pairs.serving, authority));
      },
      async stop() {
        await running.stop();
        close();
      },
    };
  }

  async #real(): Promise<NodeParts> {
    const { platform, dataDir } = this.#options;
    const { nodeName, servers, authority, serving, domain, node } = this.#joined;
    return startAgent(
      {
        ...{ nodeName, servers, authority, serving, domain, node },
        addresses: addressesOf(this.#joined),
        podRanges: podRangesOf(this.#joined),
        // The node's own name is enough to read Services with.
        proxy: node,
        dir: agentDir(dataDir),
        runDir: runDirOf(nodeName),
        cniBinDir: await cniBinDirOf(platform),
        cgroupRoot: cgroupOf(nodeName),
        clusterDns: this.#dnsAddress,
        mtu: 1500,
        upstreamDns: await nameServers(platform),
      },
      platform,
      { servers: this.#endpoints, onRegistered: this.#register },
    );
  }

  /** Looks in time for another certificate; each for itself, since one that nobody approves must not keep the other from coming. */
  #renewal(which: 'node' | 'serving'): Component {
    const { clock, random, log } = this.#options.platform;
    const name = `certificate-renewal-${which}`;
    const run = async (signal: AbortSignal) => {
      const chance = random.next();
      while (!signal.aborted) {
        if (this.#isMoved(which) || renewAtMs(this.#joined[which].certificate, chance) <= clock.now())
          await this.#renew(which, signal);
        if (this.#isUnwritten) await this.#keep({});
        await clock.sleep(checkEveryMs, signal).catch(() => {});
      }
    };
    const retrying = async (signal: AbortSignal) => {
      const onError = (error: Error) =>
        signal.aborted || log.error('certificates could not be renewed yet', { of: which, error });
      while (!signal.aborted) {
        await run(signal).catch(onError);
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    };
    return { name, run: retrying };
  }

  /** Whether it is for the address that the node had before. */
  #isMoved(which: 'node' | 'serving'): boolean {
    const { serving } = this.#joined;
    return (
      which === 'serving' && !addressesOf(this.#joined).every((address) => isCertifiedAt(serving, address))
    );
  }

  /** Connections that stand go on with the old one. */
  async #renew(which: 'node' | 'serving', signal: AbortSignal): Promise<void> {
    const { platform } = this.#options;
    const known = { ...this.#joined, servers: this.#endpoints.all };
    const request = which === 'node' ? requestClient : requestServing;
    const fresh = await request(known, platform, { signal, timeoutMs: renewalTimeoutMs });
    const kept = this.#keep({ [which]: fresh });
    this.#parts?.renew({ ...this.#joined, proxy: this.#joined.node });
    this.#follower?.renew(this.#joined.node);
    platform.log.info('certificates renewed', { of: which, node: this.#joined.nodeName });
    await kept;
  }

  /** Follows which servers there are, and writes them down. */
  #following(): Component {
    const { platform } = this.#options;
    const { clock, random, log } = platform;
    const run = async (signal: AbortSignal) => {
      const { node, authority } = this.#joined;
      const follower = nodeClient({ servers: this.#endpoints, authority }, node, 'k8ts-agent');
      this.#follower = follower;
      const informers = new Informers({
        client: follower.client,
        clock,
        random,
        log: log.named('informer'),
      });
      const select = { namespace: 'default', labelSelector: 'kubernetes.io/service-name=kubernetes' };
      const slices = informers.of(endpointslices, select);
      const learn = () => void this.#learn(serversIn([...slices.list()]));
      slices.onChange({ added: learn, updated: learn, deleted: learn });
      informers.start(signal);
      await informers.stopped();
      follower.close();
    };
    return { name: 'server-follower', run };
  }

  async #learn(servers: readonly string[]): Promise<void> {
    if (!this.#endpoints.learn(servers)) return;
    await this.#keep({ servers: [...this.#endpoints.all] });
  }

  /** What the node remembers; what could not be written now is tried again. */
  #keep(change: Partial<JoinedNode>): Promise<void> {
    const { dataDir, platform } = this.#options;
    this.#joined = { ...this.#joined, ...change };
    this.#isUnwritten = true;
    this.#writing = this.#writing.then(async () => {
      const joined = this.#joined;
      try {
        await writeNode(dataDir, joined, platform);
        if (joined === this.#joined) this.#isUnwritten = false;
      } catch (error) {
        platform.log.warn('what the node knows could not be written down yet', { error });
      }
    });
    return this.#writing;
  }
}
