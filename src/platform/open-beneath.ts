import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, realpath } from 'node:fs/promises';
import { relative } from 'node:path';

/** A file or folder held open, so that it stays the same one whatever is renamed meanwhile. */
export interface HeldPath {
  /** A path that leads to it from any process of this machine that may look. */
  readonly path: string;
  readonly isDirectory: boolean;
  close(): Promise<void>;
}

export type OpenBeneath = (root: string, path: string, options?: { create?: boolean }) => Promise<HeldPath>;

/** Opens without following a symbolic link in the last step. `O_PATH`, which Node does not name. */
const pathOnly = 0o10000000 | constants.O_NOFOLLOW;

const through = (handle: FileHandle) => `/proc/${process.pid}/fd/${handle.fd}`;

/** The parts of `path` once its symbolic links are followed; what is missing stays as it is. */
async function resolvedParts(root: string, path: string): Promise<string[]> {
  const base = await realpath(root);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Error(`${path} leaves its folder`);
  for (let known = parts.length; known >= 0; known--) {
    const full = await realpath([base, ...parts.slice(0, known)].join('/')).catch(() => undefined);
    if (full === undefined) continue;
    const below = relative(base, full);
    if (below === '..' || below.startsWith('../')) throw new Error(`${path} leads out of its folder`);
    return [...below.split('/').filter((part) => part !== ''), ...parts.slice(known)];
  }
  throw new Error(`${root} does not exist`);
}

async function step(parent: FileHandle, name: string, create: boolean): Promise<FileHandle> {
  const path = `${through(parent)}/${name}`;
  const enter = async () => {
    const handle = await open(path, pathOnly);
    if (!(await handle.stat()).isSymbolicLink()) return handle;
    await handle.close();
    throw new Error(`${name} has become a symbolic link`);
  };
  try {
    return await enter();
  } catch (error) {
    if (!create || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const { mode } = await parent.stat();
    await mkdir(path);
    const made = await enter();
    // Not as this process's umask has it, but as the folder around it is.
    await chmod(through(made), mode & 0o7777);
    return made;
  }
}

/**
 * Opens what stands at `path` below `root`, and nothing outside: symbolic links may lead about inside, and who changes
 * one in between gains nothing. With `create` missing folders are made.
 */
export const openBeneath: OpenBeneath = async (root, path, options = {}) => {
  const parts = await resolvedParts(root, path);
  let handle = await open(await realpath(root), pathOnly);
  for (const name of parts) {
    const parent = handle;
    handle = await step(parent, name, options.create ?? false).finally(() => parent.close());
  }
  const isDirectory = (await handle.stat()).isDirectory();
  return { path: through(handle), isDirectory, close: () => handle.close() };
};
