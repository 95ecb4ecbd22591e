import { pid } from 'node:process';
import type { Files } from '../../platform/files.ts';
import { StoreError } from '../../store/store.ts';

interface Place {
  dataDir: string;
  /** The folders of the stores in it. */
  parts: readonly string[];
  /** Where there is room for a copy. */
  beside: string;
  signal: AbortSignal;
}

const pieceBytes = 2 ** 20;

/**
 * Does what opens the stores of a data directory that is not in use. Who opens a store writes beside it, be it only that it has it open: where
 * the disk is full or takes nothing, a copy is opened instead, which goes afterwards.
 */
export async function openable(place: Place, files: Files, work: (dataDir: string) => Promise<void>) {
  try {
    await work(place.dataDir);
  } catch (error) {
    if (!takesNothing(error)) throw error;
    const copy = `${place.beside}.store-${pid}`;
    try {
      for (const part of place.parts) await copyStore(place, part, { copy, files });
      await work(copy);
    } finally {
      await files.remove(copy);
    }
  }
}

/** Whether a store could not be opened because nothing can be written where it is. */
function takesNothing(error: unknown): boolean {
  if (!(error instanceof StoreError)) return false;
  const { code = '' } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return ['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM'].includes(code);
}

async function copyStore(
  { dataDir, signal }: Place,
  part: string,
  { copy, files }: { copy: string; files: Files },
): Promise<void> {
  const from = `${dataDir}/${part}/store.mdb`;
  await files.makeDir(`${copy}/${part}`, { mode: 0o700 });
  const before = await files.stat(from, { followLinks: true });
  await copyFile({ from, to: `${copy}/${part}/store.mdb`, signal }, files);
  const after = await files.stat(from, { followLinks: true });
  const isOther = before?.modifiedMs !== after?.modifiedMs || before?.sizeBytes !== after?.sizeBytes;
  if (isOther) throw new Error(`${from} was written while it was read: another process has it open`);
}

async function copyFile(
  { from, to, signal }: { from: string; to: string; signal: AbortSignal },
  files: Files,
): Promise<void> {
  const source = await files.open(from, 'r');
  const target = await files.open(to, 'w', 0o600).catch(async (error) => {
    await source.close();
    throw error;
  });
  try {
    const piece = Buffer.alloc(pieceBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await source.read(piece);
      if (bytesRead === 0) return;
      await target.writeFile(piece.subarray(0, bytesRead));
    }
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}
