import type { ElectionTimes } from '../client/election-plan.ts';
import type { ApiServerSettings } from './api-server-settings.ts';
import type { PodNetworkSettings } from './pod-network.ts';

/** Where objects are kept, and for how long. */
export interface StoreOptions {
  store: 'embedded' | 'memory' | 'etcd';
  /** The cluster of the store `etcd`. */
  etcd?: EtcdOptions;
  /** How long the past of objects is kept, and how much of it; what the store does by itself unless given. */
  historyMs?: number;
  historyBytes?: number;
}

/** How a cluster is laid out. */
export interface ClusterOptions extends StoreOptions {
  /** Nodes to run; 0 is the control plane alone, which needs no root. */
  nodes: number;
  runtime: 'containerd' | 'simulated';
  /** Where everything that outlives a start is kept. */
  dataDir: string;
  /** The API server's port; 0 picks a free one, undefined takes 6443 or, where that is taken, a free one. */
  port: number | undefined;
  /** Where the administrator's kubeconfig is written; in the data directory where undefined. */
  kubeconfig: string | undefined;
  /** How controllers and scheduler find out who acts, where not as usual. */
  leaderElection?: Partial<ElectionTimes>;
  /** A `KubeSchedulerConfiguration` file that says how the scheduler decides. */
  schedulerConfig?: string;
  apiServer?: ApiServerSettings;
  /** Where pods have their addresses. */
  pods?: PodNetworkSettings;
  /** Whether pods reach the world outside this machine. */
  uplink: 'nat' | 'none';
}

/** How an etcd cluster is reached. */
export interface EtcdOptions {
  /** URLs of its servers. */
  servers: readonly string[];
  /** Files in PEM: what the servers' certificates stand on, and what this client shows them. */
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** What is the same in every cluster: upstream's usual names and ports. */
export const network = {
  domain: 'cluster.local',
  kubeletPort: 10250,
  /** On which the proxy of each node tells how it is, as upstream's. */
  proxyHealthPort: 10256,
  /** On which it tells of itself on its node alone. */
  proxyMetricsPort: 10249,
} as const;

export const defaultPort = 6443;

/** What Kubernetes itself is made for. */
export const mostSimulatedNodes = 5000;
