import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { runConfigured } from '../../cluster/configured-agent.ts';
import { parseToken } from '../../cluster/join/bootstrap-token.ts';
import { readHashes } from '../../cluster/join/discovery.ts';
import { join } from '../../cluster/join/join.ts';
import {
  becomeAgent,
  type JoinedNode,
  readNode,
  startedAgain,
  writeNode,
} from '../../cluster/join/joined-node.ts';
import { runNode } from '../../cluster/join/run-node.ts';
import { UserError } from '../../cluster/user-error.ts';
import type { Platform } from '../../platform/platform.ts';
import { print, progress } from '../output.ts';
import { isRoot, platformWith, stderrLog, whenAskedToStop } from '../world.ts';
import { addressOf, hasAddress, makeDataDir, originsOf, ownAddress } from './shared.ts';

interface AgentFlags {
  config?: string;
  server?: string[];
  token?: string;
  discoveryTokenCaCertHash?: string[];
  dataDir: string;
  nodeName?: string;
  nodeIp?: string;
  runtime: 'containerd' | 'simulated';
}

/** Runs one node until it is asked to stop. */
export async function agent(flags: AgentFlags): Promise<void> {
  const stopAsked = whenAskedToStop();
  const platform = platformWith(stderrLog());
  const running = flags.config ? await runConfigured(flags.config, platform) : await joined(flags, platform);
  const outcome = await Promise.race([stopAsked, running.failed]);
  if (outcome instanceof Error) progress(`stopping: ${outcome.message}`);
  await running.stop();
  process.exit(outcome instanceof Error ? 1 : 0);
}

/** Joins, unless that was done before, and starts the node. */
async function joined(flags: AgentFlags, platform: Platform): ReturnType<typeof runNode> {
  const { runtime } = flags;
  if (runtime === 'containerd' && !isRoot)
    throw new UserError('a node with real containers needs root', 'run it with sudo, or --runtime simulated');
  const dataDir = resolve(flags.dataDir);
  await makeDataDir(dataDir);
  await becomeAgent(dataDir, process.pid, platform.files);
  const kept = await readNode(dataDir, platform);
  const node = kept ? restarted(kept, flags) : await joinNow(flags, platform);
  if (node.address !== kept?.address) await writeNode(dataDir, node, platform);
  const running = await runNode(node, { dataDir, runtime, platform });
  void running.registered.then(() => print(`joined ${node.servers.join(',')} node=${node.nodeName}`));
  return running;
}

/** What is said now counts; an address that this machine has lost meanwhile is replaced by the one that it has. */
function restarted(kept: JoinedNode, { server, nodeIp }: AgentFlags): JoinedNode {
  const servers = server && originsOf(server);
  if (nodeIp) return startedAgain(kept, { servers, address: nodeAddress(nodeIp) });
  if (hasAddress(kept.address)) return startedAgain(kept, { servers });
  const address = nodeAddress();
  progress(`this machine does not have the address ${kept.address} any more: the node is at ${address} now`);
  return startedAgain(kept, { servers, address });
}

/** Where the node is found: at the machine's own address unless another is given. */
function nodeAddress(given?: string): string {
  const address = given ? addressOf('--node-ip', given) : ownAddress();
  // Every machine has these: no server believes a node that it is found there.
  if (address !== '127.0.0.1' && address !== '::1') return address;
  throw new UserError(
    `a node cannot be found at ${address}`,
    'give the address at which other machines find this one with --node-ip',
  );
}

function joinNow(flags: AgentFlags, platform: Platform): Promise<JoinedNode> {
  const { server: servers = [], token, discoveryTokenCaCertHash } = flags;
  if (servers.length === 0 || !token)
    throw new UserError(
      'to join a cluster an agent needs --server and --token',
      '`k8ts token create --print-join-command` on a server prints the whole command',
    );
  const origins = originsOf(servers);
  return join({
    servers: origins,
    token: parseToken(token),
    hashes: readHashes(discoveryTokenCaCertHash),
    nodeName: (flags.nodeName ?? hostname()).toLowerCase(),
    address: nodeAddress(flags.nodeIp),
    platform,
  });
}
