import type { Files } from '../../platform/files.ts';
import type { OpenBeneath } from '../../platform/open-beneath.ts';

const groupReadWrite = 0o660;
const setGid = 0o2000;
const directoryBits = 0o110;

export interface Ownership {
  files: Files;
  openBeneath: OpenBeneath;
  path: string;
  gid: number;
  /** `OnRootMismatch`: leave the tree alone where its top is right already. */
  policy?: string;
}

/** Gives a volume's tree to the pod's group, which may read and write it, and whatever is made in it later. */
export async function giveToGroup(ownership: Ownership): Promise<void> {
  if (ownership.policy === 'OnRootMismatch' && (await isRight(ownership))) return;
  await giveTree(ownership, '');
}

async function isRight({ files, path, gid }: Ownership): Promise<boolean> {
  const stat = await files.stat(path);
  const wanted = groupReadWrite | directoryBits | setGid;
  return stat?.gid === gid && (stat.mode & wanted) === wanted;
}

/** Each entry is held while it is given away: whoever may write here could put a link in its place in between. */
async function giveTree(ownership: Ownership, below: string): Promise<void> {
  const { files, path, gid, openBeneath } = ownership;
  const stat = await files.stat(below ? `${path}/${below}` : path, { followLinks: false });
  if (!stat || (below && stat.type === 'symlink')) return;
  const held = await openBeneath(path, below);
  try {
    const { uid, mode } = (await files.stat(held.path)) ?? stat;
    await files.chown(held.path, uid, gid);
    const bits = held.isDirectory ? groupReadWrite | directoryBits | setGid : groupReadWrite;
    await files.chmod(held.path, mode | bits);
    if (!held.isDirectory) return;
    for (const name of await files.list(held.path))
      await giveTree(ownership, below ? `${below}/${name}` : name);
  } finally {
    await held.close();
  }
}
