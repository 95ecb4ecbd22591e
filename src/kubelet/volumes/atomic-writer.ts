import { dirname } from 'node:path';
import type { Files } from '../../platform/files.ts';
import type { Payload, PayloadFile } from './payload.ts';

/** Names that upstream uses, and programs look for. */
const dataLink = '..data';
const newDataLink = '..data_tmp';

export interface AtomicWrite {
  files: Files;
  dir: string;
  payload: Payload;
  /** Unique among the versions of this volume, such as a moment. */
  version: string;
  /** The group that gets to read the files. */
  gid?: number;
}

/**
 * Writes the files of a volume so that a reader sees all of the old ones or all of the new ones: they stand in a folder
 * of their own, `..data` points to it and is switched by a rename, and each name at the top points through `..data`.
 * Tells whether anything changed.
 */
export async function writeAtomically(write: AtomicWrite): Promise<boolean> {
  const { files, dir, payload } = write;
  const old = await files.readLink(`${dir}/${dataLink}`).catch(() => undefined);
  if (old !== undefined && (await isSame(files, `${dir}/${old}`, payload))) {
    await linkNames(files, dir, payload);
    return false;
  }
  const folder = `..${write.version}`;
  await files.makeDir(`${dir}/${folder}`, { mode: 0o755 });
  for (const [path, file] of payload) await writeFile(write, `${dir}/${folder}/${path}`, file);
  await files.remove(`${dir}/${newDataLink}`);
  await files.symlink(folder, `${dir}/${newDataLink}`);
  await files.rename(`${dir}/${newDataLink}`, `${dir}/${dataLink}`);
  await linkNames(files, dir, payload);
  await dropOthers(files, dir, payload, folder);
  return true;
}

async function writeFile({ files, gid }: AtomicWrite, path: string, file: PayloadFile): Promise<void> {
  await files.makeDir(dirname(path), { mode: 0o755 });
  await files.write(path, file.data, { mode: file.mode });
  const readable = gid === undefined ? file.mode : file.mode | 0o440;
  if (gid !== undefined || file.uid !== undefined) await files.chown(path, file.uid ?? 0, gid ?? 0);
  // What the process may not create by its umask it may still set.
  await files.chmod(path, readable);
}

async function isSame(files: Files, folder: string, payload: Payload): Promise<boolean> {
  const present = await listTree(files, folder, '');
  if (present.length !== payload.size) return false;
  for (const path of present) {
    const wanted = payload.get(path);
    const content = wanted && (await files.read(`${folder}/${path}`).catch(() => undefined));
    if (!content || !content.equals(wanted.data)) return false;
  }
  return true;
}

async function listTree(files: Files, root: string, below: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await files.list(`${root}/${below}`)) {
    const path = below ? `${below}/${name}` : name;
    const stat = await files.stat(`${root}/${path}`, { followLinks: false });
    if (stat?.type === 'directory') found.push(...(await listTree(files, root, path)));
    else found.push(path);
  }
  return found;
}

const topNames = (payload: Payload) =>
  new Set([...payload.keys()].map((path) => path.split('/')[0] as string));

async function linkNames(files: Files, dir: string, payload: Payload): Promise<void> {
  for (const name of topNames(payload)) {
    const target = `${dataLink}/${name}`;
    const has = await files.readLink(`${dir}/${name}`).catch(() => undefined);
    if (has === target) continue;
    await files.remove(`${dir}/${name}`);
    await files.symlink(target, `${dir}/${name}`);
  }
}

/** Takes away names that are no more, and the folders of earlier versions. */
async function dropOthers(files: Files, dir: string, payload: Payload, folder: string): Promise<void> {
  const keep = new Set([...topNames(payload), dataLink, folder]);
  for (const name of await files.list(dir)) if (!keep.has(name)) await files.remove(`${dir}/${name}`);
}
