import { readSums } from '../../machinery/resource-sums.ts';
import type { KubeletOptions } from '../config.ts';
import { parseResolvConf } from '../containers/dns.ts';
import type { NodeFacts } from '../pods/node-facts.ts';
import type { HostFacts } from './node-host.ts';
import { nodeAllocatable, nodeCapacity } from './node-object.ts';

/** What the making of pods needs to know of the node, from its settings and its machine. */
export async function readNodeFacts(options: KubeletOptions, machine: HostFacts): Promise<NodeFacts> {
  const { host, node, dirs, cluster, cgroupRoot = '', maxPidsPerPod, seccompDefault = false } = options;
  const capacity = nodeCapacity(machine, await host.disk(dirs.root), node);
  return {
    hostIps: node.addresses.filter((a) => a.type === 'InternalIP').map((a) => a.address),
    memoryBytes: machine.memoryBytes,
    allocatable: readSums(nodeAllocatable(capacity, node.reserved)),
    dns: {
      clusterServers: cluster.dnsServers,
      clusterDomain: cluster.domain,
      node: parseResolvConf(await host.resolvConf()),
    },
    hostsFile: await host.hostsFile(),
    defaults: { seccompDefault, seccompDir: dirs.seccomp ?? `${dirs.root}/seccomp` },
    rootDir: dirs.root,
    logsDir: dirs.logs,
    logLinks: dirs.logLinks,
    podsCgroup: `${cgroupRoot}/kubepods`,
    maxPidsPerPod,
  };
}
