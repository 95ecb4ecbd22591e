import { familyOf, ipv4 } from '../machinery/address-family.ts';

/** What the pods' network of one node is made of. */
export interface PodNetwork {
  /** The node's parts of the pod addresses, such as `10.244.1.0/24`: one of each family, in the order in which pods have them. */
  podCidrs: readonly string[];
  /** Largest packet on the way between nodes, bytes. */
  mtu: number;
  /** Where addresses that are given out are noted. */
  stateDir: string;
}

/** The device that is the pods' gateway. */
export const bridgeName = 'cni0';

/** Name of the pods' network. */
const networkName = 'k8ts';

/** Name of the file in the runtime's configuration directory. */
export const cniFileName = '10-k8ts.conflist';

/**
 * The configuration for the standard CNI plugins: a bridge on the node that is the pods' gateway. Host ports and
 * masquerading are not theirs here: they would need iptables.
 */
export function cniConfig(network: PodNetwork): string {
  const ipam = {
    type: 'host-local',
    ranges: network.podCidrs.map((subnet) => [{ subnet }]),
    routes: network.podCidrs.map((cidr) => ({ dst: familyOf(cidr) === ipv4 ? '0.0.0.0/0' : '::/0' })),
    dataDir: network.stateDir,
  };
  // hairpinMode lets a pod reach itself through a Service.
  const bridge = {
    type: 'bridge',
    bridge: bridgeName,
    isGateway: true,
    hairpinMode: true,
    mtu: network.mtu,
    ipam,
  };
  const config = { cniVersion: '0.4.0', name: networkName, plugins: [bridge, { type: 'loopback' }] };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Where the plugins' library keeps what became of each pod. */
export const cniResultsDir = '/var/lib/cni/results';

/** Which of the files there are of pods of this network. */
export function resultsOfPods(names: readonly string[]): string[] {
  const pods = names.flatMap((name) => new RegExp(`^${networkName}-(.+)-eth0$`).exec(name)?.[1] ?? []);
  const all = new Set(pods.flatMap((id) => [`${networkName}-${id}-eth0`, `cni-loopback-${id}-lo`]));
  return names.filter((name) => all.has(name));
}
