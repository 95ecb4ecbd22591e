import type { Platform } from '../platform/platform.ts';
import { raiseRevision } from '../store/embedded/raise-revision.ts';
import { openEmbeddedStore } from '../store/embedded-store.ts';
import { type MigrationReport, migrate } from '../store/migrate.ts';
import { type Store, StoreError } from '../store/store.ts';
import { openEtcd } from './etcd.ts';
import type { EtcdOptions } from './options.ts';
import { isRunning, readState } from './state.ts';
import { unusableStore } from './unusable-store.ts';
import { UserError } from './user-error.ts';

export type StoreKind = 'embedded' | 'etcd';

export interface MigrateOptions {
  from: StoreKind;
  to: StoreKind;
  dataDir: string;
  etcd: EtcdOptions | undefined;
  onProgress(done: number, total: number): void;
  /** Breaks the work off; it can be gone on with. */
  signal: AbortSignal;
}

/** How many commits the embedded store is given at once: it takes them in the order of the calls. etcd does not. */
const inFlight: Record<StoreKind, number> = { embedded: 128, etcd: 1 };

/** Moves the objects of a cluster that does not run from one kind of store to another. The source is left as it is. */
export async function migrateCluster(platform: Platform, options: MigrateOptions): Promise<MigrationReport> {
  await checkPlace(platform, options);
  const etcd = await openEtcd(options.etcd, { platform });
  let embedded: Store | undefined;
  try {
    embedded = await openEmbedded(platform, options, etcd);
    const [source, target] = options.to === 'etcd' ? [embedded, etcd] : [etcd, embedded];
    const { clock } = platform;
    const { onProgress, signal } = options;
    return await migrate({ source, target, clock, inFlight: inFlight[options.to], onProgress, signal });
  } catch (error) {
    throw forTheUser(error, options);
  } finally {
    await embedded?.close();
    await etcd.close();
  }
}

async function checkPlace({ files }: Platform, { from, to, dataDir }: MigrateOptions): Promise<void> {
  if (from === to) throw new UserError(`there is nothing to do from ${from} to ${to}`);
  const state = await readState(files, dataDir);
  if (state && (await isRunning(files, state))) {
    throw new UserError(`a cluster runs in ${dataDir} (process ${state.pid})`, 'stop it with `k8ts down`');
  }
  if (from === 'embedded' && !(await files.exists(`${dataDir}/store/store.mdb`))) {
    throw new UserError(`there is no store in ${dataDir}`, 'choose another with --data-dir');
  }
}

/** As a target it goes on above the revisions that clients may know from etcd. */
async function openEmbedded(
  platform: Platform,
  { to, dataDir }: MigrateOptions,
  etcd: Store,
): Promise<Store> {
  const { clock, files } = platform;
  const path = `${dataDir}/store`;
  if (to === 'embedded') {
    const { revision } = await etcd.status();
    await raiseRevision({ path, files, revision });
  }
  return openEmbeddedStore({ path, clock, files });
}

function forTheUser(error: unknown, { to }: MigrateOptions): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const { message } = error;
  if (error.name === 'MigrationError') {
    return message.includes('not empty')
      ? new UserError(message, `nothing was changed; ${to} must be empty, or have a migration that was begun`)
      : new UserError(message, 'stop what writes there and run the command again');
  }
  if (error instanceof StoreError) {
    return error.code === 'Unusable'
      ? unusableStore(error)
      : new UserError(`the migration was broken off: ${message}`, 'run the command again to go on');
  }
  return message === 'interrupted' ? new UserError(message, 'run the command again to go on') : error;
}
