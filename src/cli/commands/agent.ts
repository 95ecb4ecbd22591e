import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { runConfigured } from '../../cluster/configured-agent.ts';
import { parseToken } from '../../cluster/join/bootstrap-token.ts';
import { readHashes } from '../../cluster/join/discovery.ts';
import { join } from '../../cluster/join/join.ts';
import {
  addressesOf,
  becomeAgent,
  type JoinedNode,
  podRangesOf,
  readNode,
  startedAgain,
  writeNode,
} from '../../cluster/join/joined-node.ts';
import { nodeAddresses, readNodeIps } from '../../cluster/join/node-addresses.ts';
import { runNode } from '../../cluster/join/run-node.ts';
import { UserError } from '../../cluster/user-error.ts';
import type { Platform } from '../../platform/platform.ts';
import { print, progress } from '../output.ts';
import { isRoot, platformWith, stderrLog, whenAskedToStop } from '../world.ts';
import { hasAddress, makeDataDir, originsOf, ownAddresses } from './shared.ts';

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
  if (!kept || addressesOf(node).join() !== addressesOf(kept).join())
    await writeNode(dataDir, node, platform);
  const running = await runNode(node, { dataDir, runtime, platform });
  void running.registered.then(() => print(`joined ${node.servers.join(',')} node=${node.nodeName}`));
  return running;
}

/** What is said now counts; an address that this machine has lost meanwhile is replaced by the one that it has. */
function restarted(kept: JoinedNode, { server, nodeIp }: AgentFlags): JoinedNode {
  const servers = server && originsOf(server);
  const podRanges = podRangesOf(kept);
  if (nodeIp)
    return startedAgain(kept, {
      servers,
      addresses: nodeAddresses(podRanges, { given: readNodeIps(nodeIp), own: ownAddresses() }),
    });
  const lost = addressesOf(kept).find((address) => !hasAddress(address));
  if (lost === undefined) return startedAgain(kept, { servers });
  const addresses = nodeAddresses(podRanges, { own: ownAddresses() });
  const now = addressesOf(addresses).join(' and ');
  progress(`this machine does not have the address ${lost} any more: the node is at ${now} now`);
  return startedAgain(kept, { servers, addresses });
}

function joinNow(flags: AgentFlags, platform: Platform): Promise<JoinedNode> {
  const { server: servers = [], token, discoveryTokenCaCertHash } = flags;
  if (servers.length === 0 || !token)
    throw new UserError(
      'to join a cluster an agent needs --server and --token',
      '`k8ts token create --print-join-command` on a server prints the whole command',
    );
  const origins = originsOf(servers);
  const given = flags.nodeIp === undefined ? undefined : readNodeIps(flags.nodeIp);
  return join({
    servers: origins,
    token: parseToken(token),
    hashes: readHashes(discoveryTokenCaCertHash),
    nodeName: (flags.nodeName ?? hostname()).toLowerCase(),
    addresses: (podRanges) => nodeAddresses(podRanges, { given, own: ownAddresses() }),
    platform,
  });
}
