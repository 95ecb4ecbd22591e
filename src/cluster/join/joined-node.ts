import { X509Certificate } from 'node:crypto';
import { configmaps } from '../../api/generated/resources.ts';
import type { Client } from '../../client/client.ts';
import type { Files } from '../../platform/files.ts';
import type { Platform } from '../../platform/platform.ts';
import { runRoot } from '../hosts/layout.ts';
import { nodeClient } from '../node-client.ts';
import type { KeyPair } from '../pki.ts';
import { isRunning, type KnownProcess, knownProcess } from '../state.ts';
import { UserError } from '../user-error.ts';
import { type Patience, requestCertificate, validity } from './certificate.ts';

/** What a cluster says of its network. */
export interface NetworkFacts {
  domain: string;
  /** One range or two with a comma between them, as kubeadm writes it. */
  podRange: string;
  /** One range or two with a comma between them, as kubeadm writes it. */
  serviceRange: string;
}

/** The ranges in which Services have their addresses, that of the usual family first. */
export const serviceRangesOf = ({ serviceRange }: Pick<NetworkFacts, 'serviceRange'>): string[] =>
  serviceRange.split(',');

/** The ranges in which pods have their addresses, that of the family first that nodes and pods have first. */
export const podRangesOf = ({ podRange }: Pick<NetworkFacts, 'podRange'>): string[] => podRange.split(',');

/** What a node that has joined remembers: enough to start again without a token. */
export interface JoinedNode extends NetworkFacts {
  nodeName: string;
  /** Where it is found, and its address of the other family where it has one. */
  address: string;
  secondAddress?: string;
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

/** Its addresses, the one where it is found first. */
export const addressesOf = ({
  address,
  secondAddress,
}: Pick<JoinedNode, 'address' | 'secondAddress'>): string[] =>
  secondAddress === undefined ? [address] : [address, secondAddress];

/** Where a node that has joined keeps all it has. */
export const agentDir = (dataDir: string) => `${dataDir}/agent`;

const path = (dataDir: string) => `${agentDir(dataDir)}/node.json`;

/** Where a node keeps what ends with the machine. */
export const runDirOf = (nodeName: string) => `${runRoot}/agent-${nodeName}`;

/** The control group of a node's pods. */
export const cgroupOf = (nodeName: string) => `/k8ts-${nodeName}`;

const processPath = (dataDir: string) => `${agentDir(dataDir)}/process.json`;

/** The process of the agent that was last started. */
export async function agentProcess(dataDir: string, files: Files): Promise<KnownProcess | undefined> {
  const text = await files.readText(processPath(dataDir)).catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as KnownProcess);
}

/** Writes down that this process is the agent. Throws a `UserError` where another one is. */
export async function becomeAgent(dataDir: string, pid: number, files: Files): Promise<void> {
  const other = await agentProcess(dataDir, files);
  if (other && (await isRunning(files, other)))
    throw new UserError(
      `an agent runs in ${dataDir} already (process ${other.pid})`,
      'stop it with `k8ts down`, or choose another with --data-dir',
    );
  await files.makeDir(agentDir(dataDir), { mode: 0o700 });
  const known = await knownProcess(files, pid);
  await files.writeAtomic(processPath(dataDir), `${JSON.stringify(known)}\n`, { mode: 0o600 });
}

/** The node that has joined from this data directory. */
export async function keptNode(dataDir: string, files: Files): Promise<JoinedNode | undefined> {
  if (!(await files.exists(path(dataDir)))) return undefined;
  return JSON.parse(await files.readText(path(dataDir))) as JoinedNode;
}

/** The same, for starting it. Throws a `UserError` where its time is over. */
export async function readNode(
  dataDir: string,
  { files, clock }: Pick<Platform, 'files' | 'clock'>,
): Promise<JoinedNode | undefined> {
  const node = await keptNode(dataDir, files);
  if (!node) return undefined;
  if (validity(node.node.certificate).untilMs > clock.now()) return node;
  throw new UserError(
    `the certificate of ${node.nodeName} has ended: the node was off for too long`,
    `remove ${agentDir(dataDir)} and join again with --server and --token`,
  );
}

/** Where a node is found. */
export type NodeAddresses = Pick<JoinedNode, 'address' | 'secondAddress'>;

/** What is said when a node that has joined starts again. */
export interface StartedWith {
  /** URLs of servers: believed rather than those that it was given when it joined. */
  servers?: readonly string[] | undefined;
  /** Its addresses from now on. */
  addresses?: NodeAddresses | undefined;
}

/** The node as it starts again. */
export function startedAgain(before: JoinedNode, { servers, addresses }: StartedWith): JoinedNode {
  const { secondAddress: _, ...rest } = before;
  const node: JoinedNode = addresses ? { ...rest, ...addresses } : before;
  if (!servers) return node;
  const all = [...new Set([...node.servers, ...servers])];
  return { ...node, given: [...servers], servers: all };
}

/** Whether others can believe a node with this certificate that they have found it at an address. */
export const isCertifiedAt = ({ certificate }: KeyPair, address: string): boolean =>
  new X509Certificate(certificate).checkIP(address) !== undefined;

/** Keeps it in one file, so that a kill leaves the old or the new. */
export async function writeNode(
  dataDir: string,
  node: JoinedNode,
  { files }: Pick<Platform, 'files'>,
): Promise<void> {
  await files.makeDir(agentDir(dataDir), { mode: 0o700 });
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

interface Known extends Pick<JoinedNode, 'authority' | 'node' | 'nodeName'>, NodeAddresses {
  servers: readonly string[];
}
type World = Pick<Platform, 'clock' | 'random'>;

/** A certificate with which the node serves, asked for as the node itself. */
export async function requestServing(known: Known, world: World, patience?: Patience): Promise<KeyPair> {
  const { nodeName } = known;
  const { client, close } = nodeClient(known, known.node, 'k8ts-agent');
  try {
    const wanted = { nodeName, kind: 'serving', hosts: [nodeName, ...addressesOf(known)] } as const;
    return await requestCertificate(client, wanted, world, patience);
  } finally {
    close();
  }
}

/** A new certificate by which the node shows who it is, asked for with the old one. */
export async function requestClient(known: Known, world: World, patience?: Patience): Promise<KeyPair> {
  const { client, close } = nodeClient(known, known.node, 'k8ts-agent');
  try {
    const wanted = { nodeName: known.nodeName, kind: 'client' } as const;
    return await requestCertificate(client, wanted, world, patience);
  } finally {
    close();
  }
}
