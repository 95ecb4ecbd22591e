// A whole cluster in this process, as `k8ts up --runtime simulated` makes it: durable store, API server, controllers, scheduler
// and the kubelets of simulated nodes. Its writes are counted by what is written and by whom.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from '../../src/api/core/v1.ts';
import { nodes } from '../../src/api/generated/resources.ts';
import type { Client } from '../../src/client/client.ts';
import { type ControlPlane, startControlPlane } from '../../src/cluster/control-plane.ts';
import { readControlPlaneSettings } from '../../src/cluster/control-plane-means.ts';
import { nodeClient } from '../../src/cluster/node-client.ts';
import { openStore } from '../../src/cluster/open-store.ts';
import { Pki } from '../../src/cluster/pki.ts';
import type { RunningComponents } from '../../src/cluster/run-components.ts';
import { startSimulatedNode } from '../../src/cluster/simulated-node.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog, formatLogLine, type LogLine } from '../../src/platform/log.ts';
import { type Platform, systemPlatform } from '../../src/platform/platform.ts';
import type { Commit, Store } from '../../src/store/store.ts';

/** Writes by what is written (`pods`, `leases`, ...) and who wrote (`deployment-controller`, ...). */
export type Writes = Map<string, Map<string, number>>;

/** A range with room for 16,384 nodes: the usual one has room for 256. */
const podRange = '100.64.0.0/10';
/** Nodes that are started at once. */
const nodesAtOnce = 200;

const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);

/** `system:serviceaccount:kube-system:NAME` and `system:node:NAME` in short. */
function roleOf(actor = 'unknown'): string {
  const parts = actor.split(':');
  return parts[1] === 'node' ? 'kubelet' : (parts.at(-1) as string);
}

/** Services and Endpoints share a prefix; other groups' resources have theirs before the plural. */
function resourceOf(key: string): string {
  const parts = key.split('/').slice(2);
  return parts.find((part) => part !== 'services' && !part.includes('.')) ?? 'unknown';
}

/** Counts each commit that is made from now on, once, under its first key. */
function countWrites(store: Store): Writes {
  const writes: Writes = new Map();
  const commit = store.commit.bind(store);
  store.commit = async (what: Commit) => {
    const revision = await commit(what);
    const resource = resourceOf(what.writes[0]?.key ?? '');
    const byActor = writes.get(resource) ?? new Map<string, number>();
    writes.set(resource, byActor);
    add(byActor, roleOf(what.cause?.actor));
    return revision;
  };
  return writes;
}

interface Parts {
  dir: string;
  platform: Platform;
  controlPlane: ControlPlane;
  user: { client: Client; close(): void };
  writes: Writes;
}

export class BenchCluster {
  readonly #parts: Parts;
  readonly #nodes = new Map<string, RunningComponents>();
  /** Names of the nodes that have failed. */
  readonly failed = new Set<string>();

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async start(): Promise<BenchCluster> {
    const dir = mkdtempSync(join(process.cwd(), '.bench-controllers-'));
    const write = (line: LogLine) => console.error(formatLogLine(line));
    const platform = systemPlatform(createLog({ clock: systemClock, level: 'error', write }));
    const store = await openStore({ store: 'embedded', dataDir: dir }, platform);
    const writes = countWrites(store);
    const pki = new Pki(`${dir}/pki`, platform);
    const means = await readControlPlaneSettings({}, { platform });
    const common = { platform, store, pki, means, volumeDir: `${dir}/volumes`, podRange };
    const controlPlane = await startControlPlane({ ...common, addresses: ['127.0.0.1'], port: 0 });
    const admin = await pki.pair('admin', {
      commonName: 'kubernetes-admin',
      organizations: ['system:masters'],
      usages: ['client'],
    });
    const authority = (await pki.authority()).certificate;
    const user = nodeClient({ servers: [controlPlane.url], authority }, admin, 'bench');
    return new BenchCluster({ dir, platform, controlPlane, user, writes });
  }

  /** What a person would use: over HTTPS. */
  get user(): Client {
    return this.#parts.user.client;
  }

  /** For looking at many objects without a part in what is measured: in this process. */
  get onlooker(): Client {
    return this.#parts.controlPlane.admin;
  }

  get writes(): Writes {
    return this.#parts.writes;
  }

  /** Adds nodes and resolves when all of them are ready. */
  async addNodes(count: number): Promise<void> {
    const { controlPlane, platform } = this.#parts;
    const { dnsAddress } = controlPlane.services;
    const groups = ['system:nodes', 'system:authenticated'];
    for (let i = 0; i < count; i++) {
      const name = `node-${i}`;
      const transport = controlPlane.server.transportFor({ name: `system:node:${name}`, groups });
      this.#nodes.set(name, await startSimulatedNode({ name, transport, platform, dnsAddress }));
      if (i % nodesAtOnce === nodesAtOnce - 1) await this.#nodesReady(i + 1 - nodesAtOnce);
    }
    await this.#nodesReady(count);
  }

  async #nodesReady(count: number): Promise<void> {
    while ((await this.readyNodes()) < count) await this.#parts.platform.clock.sleep(250);
  }

  async readyNodes(): Promise<number> {
    const { items } = await this.onlooker.of(nodes).list({ withoutManagedFields: true });
    const isReady = (node: Node) =>
      node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
    return items.filter(isReady).length;
  }

  /** Ends the kubelets of the first nodes, all at once, as a power failure would. */
  async fail(count: number): Promise<void> {
    const failing = [...this.#nodes].slice(0, count);
    for (const [name] of failing) {
      this.#nodes.delete(name);
      this.failed.add(name);
    }
    await Promise.all(failing.map(([, node]) => node.stop()));
  }

  async stop(): Promise<void> {
    const { controlPlane, user, dir } = this.#parts;
    user.close();
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
    await controlPlane.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
