import { migrationKey } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import { UserError } from './user-error.ts';

/** Refuses a store into which a migration was begun and not finished. */
export async function refuseHalfMigrated(store: Store): Promise<void> {
  if (!(await store.get(migrationKey))) return;
  const hint = 'run the same `k8ts migrate` again: it goes on where it was';
  throw new UserError('a migration into this store was begun and not finished', hint);
}
