import { isEtcdSnapshot } from '../../etcd/snapshot.ts';
import type { Files } from '../../platform/files.ts';
import type { SnapshotHeader } from '../../store/snapshot/format.ts';
import { type CheckedSnapshot, withSnapshot } from '../../store/snapshot/read.ts';
import { unusableStore } from '../unusable-store.ts';
import { UserError } from '../user-error.ts';

/** What a snapshot holds. */
export interface Inspection {
  format: number;
  sizeBytes: number;
  sha256: string;
  writer: string;
  backend: string;
  takenMs: number;
  revision: number;
  /** The oldest revision that can be read. */
  oldestRevision: number;
  objects: number;
  /** Older versions and deletions, kept for reading the past. */
  olderVersions: number;
  resources: { name: string; objects: number; bytes: number }[];
  /** Whether the authorities and keys of the cluster are in it. */
  hasKeys: boolean;
}

/** What is no object of the API. */
const otherKeys = '(keys outside /registry)';

/** Counts what is in a snapshot. */
export async function inspect(snapshot: CheckedSnapshot): Promise<Inspection> {
  const { header, format, sizeBytes, sha256, files } = snapshot;
  const { objects, olderVersions, resources } = await count(snapshot);
  return {
    format,
    sizeBytes,
    sha256,
    ...about(header),
    objects,
    olderVersions,
    resources,
    hasKeys: files.length > 0 && !isEtcdSnapshot(snapshot),
  };
}

/** Runs `use` on a snapshot that is whole; what is wrong with it, or with where it goes, is for the user to mend. */
export async function withUsersSnapshot<T>(
  path: string,
  files: Files,
  use: (snapshot: CheckedSnapshot) => Promise<T>,
): Promise<T> {
  try {
    return await withSnapshot(path, files, use);
  } catch (error) {
    const { code, name, message, path: where } = error as NodeJS.ErrnoException;
    const isOfFile = name === 'SnapshotError' || where === path;
    if (isOfFile) throw new UserError(`${path} cannot be used: ${message}`);
    throw code === undefined || error instanceof UserError ? error : unusableStore(error as Error);
  }
}

function about({ writer, backend, takenMs, state }: SnapshotHeader) {
  return { writer, backend, takenMs, revision: state.revision, oldestRevision: state.compactedRevision };
}

async function count(snapshot: CheckedSnapshot) {
  let objects = 0;
  let olderVersions = 0;
  const byName = new Map<string, { name: string; objects: number; bytes: number }>();
  for await (const part of snapshot.parts()) {
    for (const { change, newest } of part) {
      if (!newest || !change.value) {
        olderVersions++;
        continue;
      }
      objects++;
      const name = resourceOf(change.key);
      const found = byName.get(name) ?? { name, objects: 0, bytes: 0 };
      found.objects++;
      found.bytes += change.value.length;
      byName.set(name, found);
    }
  }
  const resources = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { objects, olderVersions, resources };
}

/** The part of a key that says of what resource it is: `pods`, or `example.com/widgets` of a group of its own. */
function resourceOf(key: string): string {
  const [before, root, first = '', second = ''] = key.split('/');
  if (before !== '' || root !== 'registry') return otherKeys;
  return first.includes('.') || first === 'services' ? `${first}/${second}` : first;
}
