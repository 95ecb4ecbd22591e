import type { HostPathVolumeSource } from '../../api/core/v1.ts';
import type { Files, FileType } from '../../platform/files.ts';
import { VolumeError } from './payload.ts';

interface Expectation {
  type: FileType;
  words: string;
  create?: 'directory' | 'file';
}

const expectations: Record<string, Expectation> = {
  DirectoryOrCreate: { type: 'directory', words: 'a directory', create: 'directory' },
  Directory: { type: 'directory', words: 'a directory' },
  FileOrCreate: { type: 'file', words: 'a file', create: 'file' },
  File: { type: 'file', words: 'a file' },
  Socket: { type: 'socket', words: 'a socket file' },
  CharDevice: { type: 'charDevice', words: 'a character device' },
  BlockDevice: { type: 'blockDevice', words: 'a block device' },
};

/**
 * Sees to it that a path of the node is what a volume says it is. Without a type anything does; a folder is made, of
 * `folderMode`.
 */
export async function prepareHostPath(
  files: Files,
  { path, type = '' }: HostPathVolumeSource,
  folderMode = 0o755,
): Promise<void> {
  const found = await files.stat(path);
  const makeFolder = async () => {
    await files.makeDir(path, { mode: 0o755 });
    await files.chmod(path, folderMode);
  };
  if (type === '') {
    if (!found) await makeFolder();
    return;
  }
  const expected = expectations[type];
  if (!expected) throw new VolumeError(`${type} is an invalid volume type`);
  const failed = `hostPath type check failed: ${path} is not ${expected.words}`;
  if (found) {
    if (found.type !== expected.type) throw new VolumeError(failed);
    return;
  }
  if (expected.create === 'directory') await makeFolder();
  else if (expected.create === 'file') await files.write(path, '', { mode: 0o644 });
  else throw new VolumeError(failed);
}
