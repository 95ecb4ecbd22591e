import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { runConfigured } from '../../cluster/configured-agent.ts';
import { parseToken } from '../../cluster/join/bootstrap-token.ts';
import { readHashes } from '../../cluster/join/discovery.ts';
import { join } from '../../cluster/join/join.ts';
import { becomeAgent, type JoinedNode, readNode, writeNode } from '../../cluster/join/joined-node.ts';
import { runNode } from '../../cluster/join/run-node.ts';
import { UserError } from '../../cluster/user-error.ts';
import type { Platform } from '../../platform/platform.ts';
import { print, progress } from '../output.ts';
import { isRoot, platformWith, stderrLog, whenAskedToStop } from '../world.ts';
import { addressOf, makeDataDir, originsOf, ownAddress } from './shared.ts';

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
  const node = kept ? withGiven(kept, flags) : await joinNow(flags, platform);
  if (!kept) await writeNode(dataDir, node, platform);
  const running = await runNode(node, { dataDir, runtime, platform });
  void running.registered.then(() => print(`joined ${node.servers.join(',')} node=${node.nodeName}`));
  return running;
}

/** A node that starts again believes the servers it is given now, rather than those it was given when it joined. */
function withGiven(kept: JoinedNode, { server }: AgentFlags): JoinedNode {
  if (!server) return kept;
  const given = originsOf(server);
  return { ...kept, given, servers: [...new Set([...kept.servers, ...given])] };
}

function joinNow(flags: AgentFlags, platform: Platform): Promise<JoinedNode> {
  const { server: servers = [], token, discoveryTokenCaCertHash } = flags;
  if (servers.length === 0 || !token)
    throw new UserError(
      'to join a cluster an agent needs --server and --token',
      '`k8ts token create --print-join-command` on a server prints the whole command',
    );
  const origins = originsOf(servers);
  const address = flags.nodeIp ? addressOf('--node-ip', flags.nodeIp) : ownAddress();
  // Every machine has these: no server believes a node that it is found there.
  if (address === '127.0.0.1' || address === '::1')
    throw new UserError(
      `a node cannot be found at ${address}`,
      'give the address at which other machines find this one with --node-ip',
    );
  return join({
    servers: origins,
    token: parseToken(token),
    hashes: readHashes(discoveryTokenCaCertHash),
    nodeName: (flags.nodeName ?? hostname()).toLowerCase(),
    address,
    platform,
  });
}
