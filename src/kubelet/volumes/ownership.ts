import type { Files } from '../../platform/files.ts';

const groupReadWrite = 0o660;
const setGid = 0o2000;
const directoryBits = 0o110;

export interface Ownership {
  files: Files;
  path: string;
  gid: number;
  /** `OnRootMismatch`: leave the tree alone where its top is right already. */
  policy?: string;
}

/** Gives a volume's tree to the pod's group, which may read and write it, and whatever is made in it later. */
export async function giveToGroup(ownership: Ownership): Promise<void> {
  const { files, path, gid, policy } = ownership;
  if (policy === 'OnRootMismatch' && (await isRight(ownership))) return;
  await giveTree(files, path, gid);
}

async function isRight({ files, path, gid }: Ownership): Promise<boolean> {
  const stat = await files.stat(path);
  const wanted = groupReadWrite | directoryBits | setGid;
  return stat?.gid === gid && (stat.mode & wanted) === wanted;
}

async function giveTree(files: Files, path: string, gid: number): Promise<void> {
  const stat = await files.stat(path, { followLinks: false });
  if (!stat || stat.type === 'symlink') return;
  await files.chown(path, stat.uid, gid);
  const bits = stat.type === 'directory' ? groupReadWrite | directoryBits | setGid : groupReadWrite;
  await files.chmod(path, stat.mode | bits);
  if (stat.type !== 'directory') return;
  for (const name of await files.list(path)) await giveTree(files, `${path}/${name}`, gid);
}
