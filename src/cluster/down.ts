import type { Platform } from '../platform/platform.ts';
import { clusterId } from './cluster-id.ts';
import { removeHosts } from './hosts/cleanup.ts';
import { isRunning, readState, removeState } from './state.ts';

const stopTimeoutMs = 30_000;

/** Stops the cluster of a data directory, however it was left; gives whether one ran. */
export async function down(platform: Platform, dataDir: string, isRoot: boolean): Promise<boolean> {
  const { files, processes, clock } = platform;
  const state = await readState(files, dataDir);
  const ran = state !== undefined && (await isRunning(files, state));
  if (state && ran) {
    await processes.run('kill', ['-TERM', String(state.pid)]);
    const deadlineMs = clock.monotonic() + stopTimeoutMs;
    while ((await isRunning(files, state)) && clock.monotonic() < deadlineMs) await clock.sleep(20);
    if (await isRunning(files, state)) await processes.run('kill', ['-KILL', String(state.pid)]);
  }
  if (isRoot) await removeHosts(platform, clusterId(dataDir), dataDir);
  await removeState(files, dataDir);
  return ran;
}
