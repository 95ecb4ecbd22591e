import type { Platform } from '../platform/platform.ts';
import { openEmbeddedStore } from '../store/embedded-store.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { type Store, StoreError } from '../store/store.ts';
import { refuseHalfMigrated } from './half-migrated.ts';
import type { StoreOptions } from './options.ts';
import { unusableStore } from './unusable-store.ts';

interface Place extends StoreOptions {
  dataDir: string;
}

/** Opens the store of a cluster in `dataDir`. Rejects with a `UserError` where it cannot be used. */
export async function openStore(options: Place, platform: Platform): Promise<Store> {
  const store = await openKind(options, platform);
  try {
    await refuseHalfMigrated(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openKind(options: Place, platform: Platform): Promise<Store> {
  const { historyMs, historyBytes, dataDir } = options;
  const { clock, files } = platform;
  const log = platform.log.named('store');
  if (options.store === 'memory') return createMemoryStore({ clock, historyMs, historyBytes });
  if (options.store === 'etcd')
    return (await import('./etcd.ts')).openEtcd(options.etcd, { platform, historyMs });
  try {
    return await openEmbeddedStore({ path: `${dataDir}/store`, clock, files, log, historyMs, historyBytes });
  } catch (error) {
    throw error instanceof StoreError ? unusableStore(error) : error;
  }
}
