import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { createLog, type Log, type LogLine, silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { systemRandom } from '../platform/random.ts';
import type { Client } from '../client/client.ts';
import { tmpdir } from '../platform/tmpdir.ts';
import type { ToldScheduling } from './scheduler-configuration.ts';
import { up } from './up.ts';
import { checkTestOptions } from './test-options.ts';
import { VirtualCluster, type VirtualClusterOptions } from './simulation/virtual-cluster.ts';

export { interestIn } from '../scheduler/framework/events.ts';
export type { Plugin, PluginFactory, Refusal } from '../scheduler/framework/framework.ts';

export interface TestClusterOptions {
  /** Real time unless given. */
  clock?: 'real';
  /** Simulated nodes: their pods become ready, and nothing runs. None unless given. */
  nodes?: number;
  /**
   * The addresses that Services get: one range, or one of each family with a comma between them (`10.0.0.0/16,fd00::/112`), of which
   * the first is that of Services that do not say. 10.96.0.0/12 unless given.
   */
  serviceClusterIpRange?: string;
  /** The addresses that pods get, in the same way; 10.244.0.0/16 unless given. Services are of the same families unless that is said. */
  clusterCidr?: string;
  /** How the scheduler decides; as upstream's does by default unless given. */
  scheduler?: ToldScheduling;
  /** Receives what components say; nobody does unless given. */
  onLog?(line: LogLine): void;
}

/** A whole cluster inside a test. */
export interface TestCluster {
  /** URL of the API server, on 127.0.0.1. */
  url: string;
  /** Path of the administrator's kubeconfig, and its text. */
  kubeconfigPath: string;
  kubeconfig: string;
  /** A client with all rights, without a connection. */
  client: Client;
  /** Stops the cluster and removes all it has written. */
  stop(): Promise<void>;
}

/**
 * Starts a cluster in this process: API server, controllers, scheduler and as many simulated nodes as wanted, with its
 * objects in memory. Needs no root, no containers and no network but 127.0.0.1.
 *
 * With `clock: 'virtual'` it stands still until it is told to move (`advance`), and everything that happens in it follows
 * from its seed: hours of cluster time pass in moments, each time in the same way. Rejects with a UserError for options
 * that mean nothing.
 */
export function startCluster(options: VirtualClusterOptions & { clock: 'virtual' }): Promise<VirtualCluster>;
export function startCluster(options?: TestClusterOptions): Promise<TestCluster>;
export async function startCluster(
  options: TestClusterOptions | (VirtualClusterOptions & { clock: 'virtual' }) = {},
): Promise<TestCluster | VirtualCluster> {
  checkTestOptions(options);
  return options.clock === 'virtual' ? VirtualCluster.start(options) : startRealCluster(options);
}

async function startRealCluster(options: TestClusterOptions): Promise<TestCluster> {
  const { onLog } = options;
  const log: Log = onLog ? createLog({ clock: systemClock, level: 'info', write: onLog }) : silentLog;
  const platform = systemPlatform(log);
  const dataDir = `${tmpdir()}/k8ts-${systemRandom.suffix(10)}`;
  const cluster = await up({
    options: {
      nodes: options.nodes ?? 0,
      runtime: 'simulated',
      dataDir,
      port: 0,
      kubeconfig: undefined,
      store: 'memory',
      apiServer: { serviceClusterIpRange: options.serviceClusterIpRange },
      pods: { clusterCidr: options.clusterCidr },
      uplink: 'none',
    },
    platform,
    program: { command: '', script: '' },
    pid: process.pid,
    scheduler: options.scheduler,
    onStep() {},
  }).catch(async (error) => {
    await systemFiles.remove(dataDir);
    throw error;
  });
  return {
    url: cluster.controlPlane.url,
    kubeconfigPath: cluster.kubeconfigPath,
    kubeconfig: cluster.controlPlane.kubeconfig,
    client: cluster.controlPlane.admin,
    async stop() {
      await cluster.stop();
      await systemFiles.remove(dataDir);
    },
  };
}
