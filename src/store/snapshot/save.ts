import { dirname } from 'node:path';
import { pid } from 'node:process';
import { type Files, syncDir } from '../../platform/files.ts';
import { type CheckedSnapshot, withSnapshot } from './read.ts';

/**
 * Makes a snapshot file of the pieces that `write` sends: beside its place first, then synced, read back and found
 * whole, and only then under its name. Whatever fails, what stood under that name stays, and nothing else is left.
 */
export async function saveSnapshot<T>(
  path: string,
  files: Files,
  work: {
    write(send: (piece: Buffer) => Promise<void>): Promise<void>;
    whenWhole(snapshot: CheckedSnapshot): Promise<T>;
  },
): Promise<T> {
  const partial = `${path}.partial-${pid}`;
  const handle = await files.open(partial, 'w', 0o600);
  try {
    try {
      await work.write(async (piece) => void (await handle.writeFile(piece)));
      await handle.sync();
    } finally {
      await handle.close();
    }
    const result = await withSnapshot(partial, files, work.whenWhole);
    await files.rename(partial, path);
    await syncDir(dirname(path), files);
    return result;
  } catch (error) {
    await files.remove(partial);
    throw error;
  }
}
