import type { Platform } from '../platform/platform.ts';
import type { RunningProcess } from '../platform/processes.ts';
import type { AgentConfig } from './agent-config.ts';
import { type ClusterLayout, entryOf, type NodeLayout, ofFamilies } from './hosts/layout.ts';
import { network } from './options.ts';
import type { Pki } from './pki.ts';
import { cidrsOf, familiesOf, type PodNetwork } from './pod-network.ts';
import { serverUrl } from './server-url.ts';

/** How this program is started again: the interpreter and the script. */
export interface Program {
  command: string;
  script: string;
}

export interface NodeProcessOptions {
  platform: Platform;
  program: Program;
  pki: Pki;
  cluster: ClusterLayout;
  node: NodeLayout;
  dataDir: string;
  apiPort: number;
  /** Where pods have their addresses. */
  pods: PodNetwork;
  /** Where cluster DNS answers. */
  dnsAddress: string;
  upstreamDns: string[];
}

const keptLines = 30;
const cniBinDirs = ['/usr/lib/cni', '/opt/cni/bin'];

/** Where the configuration of a node's agent stands. */
export const agentConfigPath = (dataDir: string, node: string) => `${dataDir}/nodes/${node}/agent.json`;

/** Where the machine keeps the plugins of the pod network. */
export async function cniBinDirOf({ files }: Pick<Platform, 'files'>): Promise<string> {
  let found = cniBinDirs[0] as string;
  for (const candidate of cniBinDirs) if (await files.exists(`${candidate}/bridge`)) found = candidate;
  return found;
}

/**
 * Writes what a node's agent has to know, with certificates that hold for a while yet. Tells whether it was something else than stood
 * there: an agent that runs takes the certificates from it.
 */
export async function writeNodeConfig(options: NodeProcessOptions): Promise<boolean> {
  const { platform, pki, cluster, node, dataDir } = options;
  const { name } = node;
  const families = familiesOf(options.pods);
  const addresses = ofFamilies(node.addresses, families);
  const dir = `${dataDir}/nodes/${name}`;
  const nodeName = `system:node:${name}`;
  const config: AgentConfig = {
    nodeName: name,
    addresses,
    servers: ofFamilies(cluster.host, families).map((host) => serverUrl(host, options.apiPort)),
    authority: (await pki.authority()).certificate,
    node: await pki.pair(`node-${name}`, {
      commonName: nodeName,
      organizations: ['system:nodes'],
      usages: ['client'],
    }),
    proxy: await pki.pair('kube-proxy', { commonName: 'system:kube-proxy', usages: ['client'] }),
    serving: await pki.pair(`serving-${name}`, {
      commonName: nodeName,
      hosts: [name, ...addresses],
      usages: ['server'],
    }),
    dir,
    ownLog: true,
    runDir: `${cluster.runDir}/${name}`,
    cniBinDir: await cniBinDirOf(platform),
    cgroupRoot: node.cgroupRoot,
    clusterDns: options.dnsAddress,
    domain: network.domain,
    podRanges: cidrsOf(options.pods),
    mtu: 1500,
    upstreamDns: options.upstreamDns,
  };
  await platform.files.makeDir(dir, { mode: 0o700 });
  const path = agentConfigPath(dataDir, name);
  const text = `${JSON.stringify(config, undefined, 2)}\n`;
  if ((await platform.files.readText(path).catch(() => '')) === text) return false;
  await platform.files.writeAtomic(path, text, { mode: 0o600 });
  return true;
}

/** The command that runs a node's agent inside the node's namespaces. */
function agentCommand(program: Program, node: NodeLayout, configPath: string): [string, string[]] {
  const [command = '', ...entry] = entryOf(node);
  return [command, [...entry, program.command, program.script, 'agent', '--config', configPath]];
}

/** Starts the agent of a node as a process of its own; `onEnd` receives its last words. */
export async function startNodeProcess(
  options: NodeProcessOptions,
  onEnd: (text: string) => void,
): Promise<RunningProcess> {
  const { platform, program, node, dataDir } = options;
  await writeNodeConfig(options);
  const [command, args] = agentCommand(program, node, agentConfigPath(dataDir, node.name));
  let tail: string[] = [];
  const logPath = `${dataDir}/nodes/${node.name}/agent.log`;
  const onOutput = (chunk: Buffer) => {
    tail = [...tail, ...chunk.toString().split('\n').filter(Boolean)].slice(-keptLines);
    platform.files.append(logPath, chunk).catch(() => {});
  };
  const child = await platform.processes.start(command, args, { onOutput });
  void child.ended.then(() => onEnd(tail.join('\n')));
  return child;
}
