import type { KeyPair } from './pki.ts';

/** Everything one node has to know; written as JSON beside what the node keeps. */
export interface AgentConfig {
  nodeName: string;
  /** The node's addresses, at most one of a family; on the first it listens and is reached. */
  addresses: readonly string[];
  /** URLs of the API servers. */
  servers: string[];
  /** The cluster's authority, PEM. */
  authority: string;
  /** Who the node is: `system:node:NAME`. */
  node: KeyPair;
  /** Who its proxy is: `system:kube-proxy`. */
  proxy: KeyPair;
  /** What the node serves with. */
  serving: KeyPair;
  /** What the node keeps: images, volumes, logs. */
  dir: string;
  /** Whether the node has a `/var/log` of its own, in which its containers' logs are to be found. */
  ownLog?: boolean;
  /** Short-lived: sockets. */
  runDir: string;
  cniBinDir: string;
  /** Root of the node's control groups. */
  cgroupRoot: string;
  clusterDns: string;
  domain: string;
  podRanges: readonly string[];
  /** Largest packet between nodes, bytes. */
  mtu: number;
  /** Name servers for names outside the cluster. */
  upstreamDns: string[];
  /** What the node may use of the machine; all of it where absent. */
  capacity?: Record<string, string>;
  labels?: Record<string, string>;
}
