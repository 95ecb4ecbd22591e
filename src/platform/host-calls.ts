import { readdir, rmdir, statfs } from 'node:fs/promises';

export interface FileSystemSpace {
  capacityBytes: number;
  /** What is left for processes without privileges. */
  availableBytes: number;
  /** What is left at all. */
  freeBytes: number;
  inodes: number;
  inodesFree: number;
}

/** What a node asks of its machine beside reading and writing files. */
export interface HostCalls {
  /** The file system that a path stands on. */
  space(path: string): Promise<FileSystemSpace>;
  /**
   * Removes a folder with the folders below it, and nothing else: control groups go this way, since their files cannot be
   * removed. No error where nothing stands; EBUSY where one is in use.
   */
  removeFolders(path: string): Promise<void>;
}

async function space(path: string): Promise<FileSystemSpace> {
  const { bsize, blocks, bavail, bfree, files, ffree } = await statfs(path);
  return {
    capacityBytes: bsize * blocks,
    availableBytes: bsize * bavail,
    freeBytes: bsize * bfree,
    inodes: files,
    inodesFree: ffree,
  };
}

async function removeFolders(path: string): Promise<void> {
  try {
    for (const entry of await readdir(path, { withFileTypes: true }))
      if (entry.isDirectory()) await removeFolders(`${path}/${entry.name}`);
    await rmdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The machine's own. */
export const systemHostCalls: HostCalls = { space, removeFolders };
