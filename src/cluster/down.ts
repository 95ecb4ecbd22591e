import type { Platform } from '../platform/platform.ts';
import { clusterId } from './cluster-id.ts';
import { removeHosts } from './hosts/cleanup.ts';
import { removeJoinedNode } from './join/remove-node.ts';
import { readState, removeState, stopProcess } from './state.ts';
import { unrecordedProcess } from './unrecorded-process.ts';

/** Stops what runs from a data directory, a cluster or a node of another, however it was left; gives whether it ran. */
export async function down(platform: Platform, dataDir: string, isRoot: boolean): Promise<boolean> {
  const { files } = platform;
  const known = (await readState(files, dataDir)) ?? (await unrecordedProcess(files, dataDir));
  const ran = known !== undefined && (await stopProcess(platform, known));
  if (isRoot) await removeHosts(platform, clusterId(dataDir), dataDir);
  await removeState(files, dataDir);
  const nodeRan = await removeJoinedNode(platform, dataDir, isRoot);
  return ran || nodeRan;
}
