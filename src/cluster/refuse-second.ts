import type { Files } from '../platform/files.ts';
import { isRunning, readState } from './state.ts';
import { unrecordedProcess } from './unrecorded-process.ts';
import { UserError } from './user-error.ts';

/** Throws a `UserError` where a cluster runs in a data directory, be it that its files have been removed meanwhile. */
export async function refuseSecond(files: Files, dataDir: string): Promise<void> {
  const hint = 'stop it with `k8ts down`, or give the new one another --data-dir';
  const state = await readState(files, dataDir);
  if (state && (await isRunning(files, state)))
    throw new UserError(
      `a cluster already runs in ${dataDir} (process ${state.pid}, ${state.server || 'starting'})`,
      hint,
    );
  const lost = state ? undefined : await unrecordedProcess(files, dataDir);
  if (lost)
    throw new UserError(
      `the cluster that ran in ${dataDir} before that was removed still does (process ${lost.pid})`,
      hint,
    );
}
