import type { Sums } from '../../machinery/resource-sums.ts';
import type { DnsSettings } from '../containers/dns.ts';
import type { LogLinks } from '../logs/log-links.ts';
import type { SecurityDefaults } from '../containers/security.ts';

/** What the making of pods needs to know of the node. */
export interface NodeFacts {
  hostIps: string[];
  memoryBytes: number;
  allocatable: Sums;
  dns: DnsSettings;
  /** The node's own /etc/hosts. */
  hostsFile: string;
  defaults: SecurityDefaults;
  /** The kubelet's folder and that of container logs. */
  rootDir: string;
  logsDir: string;
  logLinks?: LogLinks;
  /** The cgroup below which all pods stand, such as `/kubepods`. */
  podsCgroup: string;
  maxPidsPerPod?: number;
}
