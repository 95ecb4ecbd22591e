import { configmaps } from '../../api/generated/resources.ts';
import type { Client } from '../../client/client.ts';
import type { Platform } from '../../platform/platform.ts';
import { nodeClient } from '../node-client.ts';
import type { KeyPair } from '../pki.ts';
import { UserError } from '../user-error.ts';
import { requestCertificate, validity } from './certificate.ts';

/** What a cluster says of its network. */
export interface NetworkFacts {
  domain: string;
  podRange: string;
  serviceRange: string;
}

/** What a node that has joined remembers: enough to start again without a token. */
export interface JoinedNode extends NetworkFacts {
  nodeName: string;
  address: string;
  /** URLs of all API servers that were last known. */
  servers: string[];
  /** Those of them that the administrator has named: what is left to try where none that was learned answers. */
  given?: string[];
  /** The cluster's authority, PEM. */
  authority: string;
  /** Who the node is: `system:node:NAME`. */
  node: KeyPair;
  /** What it serves with. */
  serving: KeyPair;
}

const path = (dataDir: string) => `${dataDir}/agent/node.json`;

/** The node that has joined from this data directory. Throws a `UserError` where its time is over. */
export async function readNode(
  dataDir: string,
  { files, clock }: Pick<Platform, 'files' | 'clock'>,
): Promise<JoinedNode | undefined> {
  if (!(await files.exists(path(dataDir)))) return undefined;
  const node = JSON.parse(await files.readText(path(dataDir))) as JoinedNode;
  if (validity(node.node.certificate).untilMs > clock.now()) return node;
  throw new UserError(
    `the certificate of ${node.nodeName} has ended: the node was off for too long`,
    `remove ${dataDir}/agent and join again with --server and --token`,
  );
}

/** Keeps it in one file, so that a kill leaves the old or the new. */
export async function writeNode(
  dataDir: string,
  node: JoinedNode,
  { files }: Pick<Platform, 'files'>,
): Promise<void> {
  await files.makeDir(`${dataDir}/agent`, { mode: 0o700 });
  await files.writeAtomic(path(dataDir), `${JSON.stringify(node, undefined, 2)}\n`, { mode: 0o600 });
}

/** Reads how the cluster's network is laid out, as kubeadm writes it down. */
export async function networkFacts(client: Client): Promise<NetworkFacts> {
  const map = await client.of(configmaps).get({ namespace: 'kube-system', name: 'kubeadm-config' });
  const { networking } = JSON.parse(map.data?.ClusterConfiguration ?? '{}') as {
    networking: { dnsDomain: string; podSubnet: string; serviceSubnet: string };
  };
  const { dnsDomain, podSubnet, serviceSubnet } = networking;
  return { domain: dnsDomain, podRange: podSubnet, serviceRange: serviceSubnet };
}

type Known = Pick<JoinedNode, 'servers' | 'authority' | 'node' | 'nodeName' | 'address'>;
type World = Pick<Platform, 'clock' | 'random'>;

/** A certificate with which the node serves, asked for as the node itself. */
export async function requestServing(known: Known, world: World): Promise<KeyPair> {
  const { nodeName, address } = known;
  const { client, close } = nodeClient(known, known.node, 'k8ts-agent');
  try {
    return await requestCertificate(client, { nodeName, kind: 'serving', hosts: [nodeName, address] }, world);
  } finally {
    close();
  }
}

/** New certificates, both, asked for with the old ones. */
export async function renewed(node: JoinedNode, world: World): Promise<JoinedNode> {
  const { client, close } = nodeClient(node, node.node, 'k8ts-agent');
  try {
    const fresh = await requestCertificate(client, { nodeName: node.nodeName, kind: 'client' }, world);
    return { ...node, node: fresh, serving: await requestServing({ ...node, node: fresh }, world) };
  } finally {
    close();
  }
}
