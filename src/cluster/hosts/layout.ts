/** Names and addresses of everything a cluster puts on this machine: a function of its id alone. */

import type { AddressFamily } from '../../machinery/address-family.ts';
import { cidrContains } from '../../machinery/ip.ts';

/** Where clusters and agents keep on this machine what ends with it, each in a folder of its own. */
export const runRoot = '/run/k8ts';

export interface ClusterLayout {
  /** Six hexadecimal digits that tell this cluster's things from others'. */
  id: string;
  /** The namespace with the bridge that joins the nodes. */
  fabricNamespace: string;
  /** The link between this machine and the fabric: this machine's end. */
  hostLink: string;
  /** First three bytes of the nodes' network, such as `198.18.7`. */
  network: string;
  /** The same of IPv6, such as `2001:2:0:1207`. */
  network6: string;
  /** This machine's addresses on that network: where nodes find the API server. */
  host: HostAddresses;
  /** Where mount namespaces are kept while the cluster runs. */
  runDir: string;
}

/** The addresses of one machine by family. Those of IPv6 are in use where pods have such. */
export type HostAddresses = Readonly<Record<AddressFamily['name'], string>>;

export interface NodeLayout {
  name: string;
  /** 1 for the first node. */
  index: number;
  namespace: string;
  /** The link's end in the fabric. */
  link: string;
  addresses: HostAddresses;
  /** Keeps the node's mount namespace. */
  mountFile: string;
  /** Root of the node's control groups, in every hierarchy. */
  cgroupRoot: string;
}

/** Where nodes' networks lie: it is set aside for laboratories (RFC 2544 and 5180), so they meet no one's own. */
export const fabricRanges: HostAddresses = { IPv4: '198.18.0.0/15', IPv6: '2001:2::/48' };
export const fabricNetworks = 512;
/** Where all nodes answer that are not there. */
export const simulatedAddresses: HostAddresses = { IPv4: '127.0.0.1', IPv6: '::1' };
/** So many fit into a network of 256 addresses beside the machine's own. */
export const mostNodes = 250;

/** The `choice`-th network, counting from the id's own. */
export function networkOf(id: string, choice: number): string {
  const at = (Number.parseInt(id.slice(0, 6), 16) + choice) % fabricNetworks;
  return `198.${18 + (at >> 8)}.${at & 255}`;
}

/** The network of IPv6 is told by the last two bytes of the other: `2001:2:0:1207::/64` beside `198.18.7.0/24`. */
function network6Of(network: string): string {
  const [, second = 0, third = 0] = network.split('.').map(Number);
  return `2001:2:0:${((second << 8) | third).toString(16)}`;
}

const addressesAt = (network: string, index: number): HostAddresses => ({
  IPv4: `${network}.${index}`,
  IPv6: `${network6Of(network)}::${index.toString(16)}`,
});

/** Those addresses that are of the families, in their order. */
export const ofFamilies = (all: HostAddresses, families: readonly AddressFamily[]): string[] =>
  families.map(({ name }) => all[name]);

export function clusterLayout(id: string, network: string): ClusterLayout {
  return {
    id,
    fabricNamespace: `k8ts-${id}-fabric`,
    hostLink: `k8ts-${id}`,
    network,
    network6: network6Of(network),
    host: addressesAt(network, 1),
    runDir: `${runRoot}/${id}`,
  };
}

/** What a cluster calls its nodes, from 1 on, real ones and others. */
export const nodeNameOf = (index: number) => `node-${index}`;

export function nodeLayout(cluster: ClusterLayout, index: number): NodeLayout {
  const name = nodeNameOf(index);
  return {
    name,
    index,
    namespace: `k8ts-${cluster.id}-${name}`,
    link: `node${index}`,
    addresses: addressesAt(cluster.network, index + 1),
    mountFile: `${cluster.runDir}/${name}.mnt`,
    cgroupRoot: `/k8ts-${cluster.id}-${name}`,
  };
}

/** The index in the name of a node that a cluster itself has made, whatever its network was then; undefined for machines that joined. */
export function ownIndexOf(name: string, address: string | undefined): number | undefined {
  const index = Number(/^node-([1-9]\d*)$/.exec(name)?.[1]);
  const isSimulated = Object.values(simulatedAddresses).includes(address ?? '');
  const isOwn =
    isSimulated || Object.values(fabricRanges).some((range) => cidrContains(range, address ?? ''));
  return isOwn && Number.isInteger(index) ? index : undefined;
}

/** The command prefix that runs a program on a node. */
export function entryOf(node: NodeLayout): string[] {
  return ['nsenter', `--net=/run/netns/${node.namespace}`, `--mount=${node.mountFile}`, '--'];
}
