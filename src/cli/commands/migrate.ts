import { resolve } from 'node:path';
import { migrateCluster, type StoreKind } from '../../cluster/migrate.ts';
import { type EtcdFlags, etcdOptions } from '../etcd-flags.ts';
import { print, progress, progressLine } from '../output.ts';
import { platformWith, stderrLog, whenAskedToStop } from '../world.ts';

interface MigrateFlags extends EtcdFlags {
  from: StoreKind;
  to: StoreKind;
  dataDir: string;
}

/** Moves the objects of a cluster from one kind of store to another. */
export async function migrate(flags: MigrateFlags): Promise<void> {
  const abort = new AbortController();
  void whenAskedToStop().then(() => abort.abort(new Error('interrupted')));
  const startMs = performance.now();
  const { from, to } = flags;
  const report = await migrateCluster(platformWith(stderrLog('warn')), {
    from,
    to,
    dataDir: resolve(flags.dataDir),
    etcd: etcdOptions(flags),
    onProgress: (done, total) => progressLine(`${done} of ${total} objects`, done === total),
    signal: abort.signal,
  });
  if (report.present > 0) progress(`${report.present} of them were there from an earlier attempt`);
  if (report.targetRevision < report.sourceRevision) {
    progress(
      `revisions begin at ${report.targetRevision} and were at ${report.sourceRevision}: restart clients that stay connected`,
    );
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  print(
    `migrated ${report.keys} objects from ${from} to ${to} in ${seconds} s; compared, sha256 ${report.digest}`,
  );
  process.exit(0);
}
