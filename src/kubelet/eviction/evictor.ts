import type { Pod } from '../../api/core/v1.ts';
import { podLogDirectory } from '../containers/sandbox-spec.ts';
import type { ImageCollector } from '../images/image-collector.ts';
import type { NodeHost } from '../node/node-host.ts';
import type { NodeHealth } from '../node/node-object.ts';
import { type NodeContext, podEvent } from '../pods/context.ts';
import { containerNameLabel, podUidLabel } from '../pods/labels.ts';
import type { NodeFacts } from '../pods/node-facts.ts';
import type { PodWorkers } from '../pods/pod-workers.ts';
import { disruptionTarget } from '../status/conditions.ts';
import { podDirs } from '../volumes/dirs.ts';
import { type EvictionThresholds, type Shortage, shortages } from './pressure.ts';
import { evictionOrder, type PodUsage } from './ranking.ts';
import { isStorageLimited, diskVolumes, type StorageUsage, storageExcess } from './storage-limits.ts';

export interface EvictorOptions {
  context: NodeContext;
  host: NodeHost;
  facts: NodeFacts;
  workers: PodWorkers;
  images: ImageCollector;
  thresholds: EvictionThresholds;
}

/** A node that was short of something is said to be so for a while after. */
const pressureHoldMs = 300_000;
/** An evicted pod gets as good as no time. */
const graceSeconds = 1;

/** Ends pods before the node runs out of something, and those that have taken more than they may. */
export class Evictor {
  readonly #options: EvictorOptions;
  readonly #shortUntilMs = new Map<Shortage['signal'], number>();

  constructor(options: EvictorOptions) {
    this.#options = options;
  }

  /** What the node is short of, as its conditions say. */
  pressure(): Pick<NodeHealth, 'memoryPressure' | 'diskPressure' | 'pidPressure'> {
    const nowMs = this.#options.context.platform.clock.monotonic();
    const isShort = (signal: Shortage['signal']) =>
      (this.#shortUntilMs.get(signal) ?? Number.NEGATIVE_INFINITY) > nowMs;
    return {
      memoryPressure: isShort('memory'),
      diskPressure: isShort('disk') || isShort('inodes'),
      pidPressure: isShort('pids'),
    };
  }

  async check(): Promise<void> {
    await this.#checkLimits();
    const short = await this.#observe();
    if (short.some((s) => s.signal === 'disk' || s.signal === 'inodes')) {
      await this.#options.images.collectAll();
      const still = await this.#observe();
      if (still[0]) await this.#relieve(still[0]);
    } else if (short[0]) await this.#relieve(short[0]);
  }

  async #observe(): Promise<Shortage[]> {
    const { host, facts, thresholds, context } = this.#options;
    const [memoryBytes, disk, pids] = await Promise.all([
      host.availableMemoryBytes(),
      host.disk(facts.rootDir),
      host.pids(),
    ]);
    const found = shortages({ memoryBytes, disk, pids }, thresholds);
    const untilMs = context.platform.clock.monotonic() + pressureHoldMs;
    for (const { signal } of found) this.#shortUntilMs.set(signal, untilMs);
    return found;
  }

  /** One pod at a time: its end may be enough. */
  async #relieve(shortage: Shortage): Promise<void> {
    const usages =
      shortage.signal === 'memory' ? await this.#memoryUsages() : await this.#diskUsages(this.#running());
    const [first] = evictionOrder(usages, shortage.signal === 'memory' ? 'memory' : 'ephemeral-storage');
    if (!first) return;
    const { resource, threshold, available } = shortage;
    this.#evict(
      first.pod,
      `The node was low on resource: ${resource}. Threshold quantity: ${threshold}, available: ${available}. `,
    );
  }

  #running(): Pod[] {
    return this.#options.workers.all().flatMap((w) => (w.stage === 'running' ? [w.pod] : []));
  }

  async #memoryUsages(): Promise<PodUsage[]> {
    const stats = await this.#options.context.runtime.containers.stats();
    return this.#running().map((pod) => {
      const own = stats.filter((s) => s.labels[podUidLabel] === pod.metadata.uid);
      return { pod, usedBytes: own.reduce((sum, s) => sum + (s.memory?.workingSetBytes ?? 0), 0) };
    });
  }

  #diskUsages(pods: Pod[]): Promise<PodUsage[]> {
    const { host, facts } = this.#options;
    return Promise.all(
      pods.map(async (pod) => {
        const dirs = podDirs(facts.rootDir, pod.metadata.uid as string);
        const used = await Promise.all(
          [dirs.volumes, podLogDirectory(facts.logsDir, pod)].map((d) => host.usedBytes(d)),
        );
        return { pod, usedBytes: used.reduce((a, b) => a + b, 0) };
      }),
    );
  }

  async #checkLimits(): Promise<void> {
    for (const pod of this.#running().filter(isStorageLimited)) {
      const excess = storageExcess(pod, await this.#storageOf(pod));
      if (excess) this.#evict(pod, excess);
    }
  }

  async #storageOf(pod: Pod): Promise<StorageUsage> {
    const { host, facts, context } = this.#options;
    const uid = pod.metadata.uid as string;
    const dirs = podDirs(facts.rootDir, uid);
    const volumes = diskVolumes(pod).map(
      async ({ name, plugin }) => [name, await host.usedBytes(dirs.volume(plugin, name))] as const,
    );
    const stats = await context.runtime.containers.stats({ labels: { [podUidLabel]: uid } });
    const written = new Map(
      stats.map((s) => [s.labels[containerNameLabel] ?? '', s.writableLayer?.usedBytes ?? 0]),
    );
    const logs = podLogDirectory(facts.logsDir, pod);
    const containers = pod.spec.containers.map(async ({ name }) => {
      return [name, (written.get(name) ?? 0) + (await host.usedBytes(`${logs}/${name}`))] as const;
    });
    return {
      volumes: new Map(await Promise.all(volumes)),
      containers: new Map(await Promise.all(containers)),
      hostsFile: await host.usedBytes(dirs.etcHosts),
    };
  }

  #evict(pod: Pod, message: string): void {
    const { context, workers } = this.#options;
    podEvent(context, pod, { type: 'Warning', reason: 'Evicted', message });
    const condition = { type: disruptionTarget, status: 'True', reason: 'TerminationByKubelet', message };
    const verdict = { phase: 'Failed', reason: 'Evicted', message, condition } as const;
    workers.end(pod.metadata.uid as string, { graceSeconds, verdict });
  }
}
