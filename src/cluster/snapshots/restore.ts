import { type Files, syncDir } from '../../platform/files.ts';
import { etcdParts, isEtcdSnapshot, restoreEtcd } from '../../etcd/snapshot.ts';
import type { Platform } from '../../platform/platform.ts';
import type { AttachedFile } from '../../store/snapshot/format.ts';
import { restoreStore, usualBump } from '../../store/snapshot/restore.ts';
import { refuseOpenStores } from '../open-elsewhere.ts';
import { isRunning, readState } from '../state.ts';
import { UserError } from '../user-error.ts';
import { withUsersSnapshot } from './inspect.ts';

export interface RestoreOptions {
  path: string;
  dataDir: string;
  /** How far above the snapshot's revision the counter goes on; `usualBump` unless given. */
  bumpRevision?: number;
  /** Put it in the place of what is in the directory, which is kept beside it. */
  replace?: boolean;
}

export interface Restored {
  revision: number;
  snapshotRevision: number;
  /** Whether the cluster's authorities and keys were in the snapshot, where there are such. */
  hasKeys: boolean;
  /** Where what was replaced has gone. */
  replaced?: string;
}

/** What a snapshot makes, and what it takes the place of: of a cluster, or of `k8ts etcd`. */
const parts = ['pki', 'store', ...Object.values(etcdParts)] as const;

/** Stands in a data directory as long as a restore is under way in it. */
const workIn = (dataDir: string) => `${dataDir}/.restoring`;

/** Refuses a data directory in which a restore was begun and not finished. */
export async function refuseHalfRestored(files: Files, dataDir: string): Promise<void> {
  if (!(await files.exists(workIn(dataDir)))) return;
  const hint = 'run `k8ts snapshot restore` again';
  throw new UserError(`a snapshot was being restored to ${dataDir}, and that was not finished`, hint);
}

/**
 * Makes the data directory of a cluster of a snapshot. All is built and synced beside its place before anything that
 * stands there is touched.
 */
export async function restoreClusterSnapshot(platform: Platform, options: RestoreOptions): Promise<Restored> {
  const { files, clock } = platform;
  const { dataDir } = options;
  return withUsersSnapshot(options.path, files, async (snapshot) => {
    await checkPlace(files, options);
    const work = workIn(dataDir);
    await files.remove(work);
    await files.makeDir(work, { mode: 0o700 });
    const nowMs = clock.now();
    const common = { files, nowMs, bumpRevision: options.bumpRevision ?? usualBump };
    const ofEtcd = isEtcdSnapshot(snapshot);
    const restoring = ofEtcd
      ? restoreEtcd(snapshot, { ...common, path: work, clock })
      : restoreStore(snapshot, { ...common, path: `${work}/store` });
    const revision = await restoring.catch(async (error) => {
      await files.remove(work);
      throw error;
    });
    const keys = ofEtcd ? [] : snapshot.files;
    await writeKeys(files, `${work}/pki`, keys);
    const replaced = await putInPlace(files, { dataDir, nowMs });
    return {
      revision,
      snapshotRevision: snapshot.header.state.revision,
      hasKeys: ofEtcd || keys.length > 0,
      replaced,
    };
  });
}

async function checkPlace(files: Files, { dataDir, replace }: RestoreOptions): Promise<void> {
  const state = await readState(files, dataDir);
  if (state && (await isRunning(files, state))) {
    throw new UserError(`a cluster runs in ${dataDir} (process ${state.pid})`, 'stop it with `k8ts down`');
  }
  const names = (await files.list(dataDir)).filter((name) => name !== '.restoring');
  if (names.length === 0) return;
  if (replace) return refuseOpenStores(dataDir, files);
  const hint = 'choose another, or give --replace: what is replaced is kept beside it';
  throw new UserError(`${dataDir} is not empty`, hint);
}

async function writeKeys(files: Files, dir: string, keys: readonly AttachedFile[]): Promise<void> {
  if (keys.length === 0) return;
  await files.makeDir(dir, { mode: 0o700 });
  for (const { name, content } of keys) {
    if (!/^[\w][\w.-]*$/.test(name)) throw new UserError(`the snapshot has a file with the name ${name}`);
    await files.writeAtomic(`${dir}/${name}`, content, { mode: 0o600 });
  }
}

/** Gives where what stood there has gone, where something did. */
async function putInPlace(
  files: Files,
  { dataDir, nowMs }: { dataDir: string; nowMs: number },
): Promise<string | undefined> {
  const work = workIn(dataDir);
  const aside = `${dataDir}/replaced-${new Date(nowMs).toISOString().replace(/\W/g, '')}`;
  let isReplaced = false;
  for (const part of parts) {
    if (!(await files.exists(`${work}/${part}`))) continue;
    if (await files.exists(`${dataDir}/${part}`)) {
      await files.makeDir(aside, { mode: 0o700 });
      await files.rename(`${dataDir}/${part}`, `${aside}/${part}`);
      isReplaced = true;
    }
    await files.rename(`${work}/${part}`, `${dataDir}/${part}`);
  }
  await syncDir(dataDir, files);
  await files.remove(work);
  await syncDir(dataDir, files);
  return isReplaced ? aside : undefined;
}
