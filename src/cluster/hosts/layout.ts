/** Names and addresses of everything a cluster puts on this machine: a function of its id alone. */

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
  /** This machine's address on that network: where nodes find the API server. */
  hostAddress: string;
  /** Where mount namespaces are kept while the cluster runs. */
  runDir: string;
}

export interface NodeLayout {
  name: string;
  /** 1 for the first node. */
  index: number;
  namespace: string;
  /** The link's end in the fabric. */
  link: string;
  address: string;
  /** Keeps the node's mount namespace. */
  mountFile: string;
  /** Root of the node's control groups, in every hierarchy. */
  cgroupRoot: string;
}

/** Where nodes' networks lie: it is set aside for laboratories (RFC 2544), so they meet no one's own. */
export const fabricRange = '198.18.0.0/15';
export const fabricNetworks = 512;
/** Where all nodes answer that are not there. */
export const simulatedAddress = '127.0.0.1';
/** So many fit into a network of 256 addresses beside the machine's own. */
export const mostNodes = 250;

/** The `choice`-th network, counting from the id's own. */
export function networkOf(id: string, choice: number): string {
  const at = (Number.parseInt(id.slice(0, 6), 16) + choice) % fabricNetworks;
  return `198.${18 + (at >> 8)}.${at & 255}`;
}

export function clusterLayout(id: string, network: string): ClusterLayout {
  return {
    id,
    fabricNamespace: `k8ts-${id}-fabric`,
    hostLink: `k8ts-${id}`,
    network,
    hostAddress: `${network}.1`,
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
    address: `${cluster.network}.${index + 1}`,
    mountFile: `${cluster.runDir}/${name}.mnt`,
    cgroupRoot: `/k8ts-${cluster.id}-${name}`,
  };
}

/** The index in the name of a node that a cluster itself has made, whatever its network was then; undefined for machines that joined. */
export function ownIndexOf(name: string, address: string | undefined): number | undefined {
  const index = Number(/^node-([1-9]\d*)$/.exec(name)?.[1]);
  const isOwn = address === simulatedAddress || /^198\.1[89]\./.test(address ?? '');
  return isOwn && Number.isInteger(index) ? index : undefined;
}

/** The command prefix that runs a program on a node. */
export function entryOf(node: NodeLayout): string[] {
  return ['nsenter', `--net=/run/netns/${node.namespace}`, `--mount=${node.mountFile}`, '--'];
}
