import { resolve } from 'node:path';
import {
  type Inspection,
  inspect as inspection,
  withUsersSnapshot,
} from '../../cluster/snapshots/inspect.ts';
import { restoreClusterSnapshot } from '../../cluster/snapshots/restore.ts';
import { saveClusterSnapshot } from '../../cluster/snapshots/save.ts';
import { print, progress } from '../output.ts';
import { platformWith, stderrLog, whenAskedToStop } from '../world.ts';

const platform = () => platformWith(stderrLog('warn'));

/** Saves the objects of a cluster to a file. */
export async function save(
  file: string,
  flags: { dataDir: string; withoutHistory?: boolean; withoutKeys?: boolean },
): Promise<void> {
  const abort = new AbortController();
  void whenAskedToStop().then(() => abort.abort(new Error('interrupted')));
  const path = resolve(file);
  const { dataDir } = flags;
  const made = await saveClusterSnapshot(platform(), {
    ...flags,
    dataDir: resolve(dataDir),
    path,
    signal: abort.signal,
  });
  if (made.hasKeys)
    progress('it holds the keys of the cluster: whoever can read it can act as administrator');
  print(`saved ${path} revision=${made.revision} objects=${made.objects} bytes=${made.sizeBytes}`);
  process.exit(0);
}

/** Makes a data directory of a snapshot. */
export async function restore(
  file: string,
  flags: { dataDir: string; bumpRevision?: number; replace?: boolean },
): Promise<void> {
  const dataDir = resolve(flags.dataDir);
  const restored = await restoreClusterSnapshot(platform(), { ...flags, path: resolve(file), dataDir });
  if (restored.replaced) progress(`what was there is kept in ${restored.replaced}`);
  if (!restored.hasKeys) {
    progress(
      'the snapshot holds no keys: unless those of the directory are the old ones, old kubeconfigs and tokens do not work',
    );
  }
  print(`restored ${dataDir} revision=${restored.revision} of=${restored.snapshotRevision}`);
}

/** Tells what is in a snapshot. */
export async function inspect(file: string, flags: { output?: 'json' }): Promise<void> {
  const path = resolve(file);
  const found = await withUsersSnapshot(path, platform().files, inspection);
  print(
    flags.output
      ? JSON.stringify({ file: path, checksum: 'ok', ...found }, undefined, 2)
      : described(path, found),
  );
}

function described(path: string, found: Inspection): string {
  const { format, sha256, writer, backend, revision, oldestRevision } = found;
  const lines = [
    `file       ${path}`,
    `size       ${found.sizeBytes} bytes, format ${format}`,
    `checksum   ok, sha256 ${sha256}`,
    `taken      ${new Date(found.takenMs).toISOString()} by ${writer} of a store of kind ${backend}`,
    `revision   ${revision}, the past readable from ${oldestRevision}`,
    `objects    ${found.objects}, and ${found.olderVersions} older versions`,
    `keys       ${found.hasKeys ? 'included: whoever can read this file can act as administrator' : 'not included'}`,
    '',
    ...table(found.resources),
  ];
  return lines.join('\n');
}

function table(resources: Inspection['resources']): string[] {
  const rows = resources.map((r) => [r.name, String(r.objects), String(r.bytes)] as const);
  const all = [['RESOURCE', 'OBJECTS', 'BYTES'] as const, ...rows];
  const [name, objects] = [0, 1].map((i) => Math.max(...all.map((row) => (row[i] as string).length)));
  return all.map(
    (row) => `${row[0].padEnd(name as number)}  ${row[1].padStart(objects as number)}  ${row[2]}`,
  );
}
