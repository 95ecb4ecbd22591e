import type { Platform } from '../../platform/platform.ts';
import { endLeftRuntime } from '../agent.ts';
import { removeMachineNode } from '../hosts/cleanup.ts';
import { runtimeDirIn } from '../node-dirs.ts';
import { stopProcess } from '../state.ts';
import { agentDir, agentProcess, cgroupOf, keptNode, runDirOf, serviceRangesOf } from './joined-node.ts';

/**
 * Stops the node that has joined a cluster from this data directory, with its pods, and removes what it has put on this machine but its
 * data; gives whether it ran. It can start again, as the node that it is.
 */
export async function removeJoinedNode(
  platform: Platform,
  dataDir: string,
  isRoot: boolean,
): Promise<boolean> {
  const node = await keptNode(dataDir, platform.files);
  if (!node) return false;
  const known = await agentProcess(dataDir, platform.files);
  const ran = known !== undefined && (await stopProcess(platform, known));
  if (!isRoot) return ran;
  const dir = agentDir(dataDir);
  const { nodeName } = node;
  const serviceRanges = serviceRangesOf(node);
  const runDir = runDirOf(nodeName);
  await endLeftRuntime(platform, { runDir, dir: runtimeDirIn(dir) });
  await removeMachineNode(platform, { dir, runDir, cgroup: cgroupOf(nodeName), serviceRanges });
  return ran;
}
