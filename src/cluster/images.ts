import { systemFiles } from '../platform/files.ts';
import { type ImageEntry, type ImageRecipe, writeImageArchive } from '../platform/oci-archive.ts';
import { mustRun, systemProcesses } from '../platform/processes.ts';

/** The shared libraries that a program of this machine is loaded with, by path. */
async function librariesOf(program: string): Promise<string[]> {
  const result = await systemProcesses.run('ldd', [program]);
  // A static program says so with exit code 1.
  if (result.code !== 0) return [];
  return [...result.stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] as string);
}

/** A program of this machine as part of an image, with the libraries it needs; under `as` where it has another name. */
export async function programEntries(program: string, as: string = program): Promise<ImageEntry[]> {
  const libraries = await librariesOf(program);
  const entry: ImageEntry = { path: as, source: program, mode: 0o755 };
  return [entry, ...libraries.map((path) => ({ path, source: path, mode: 0o755 }))];
}

/** Debian's static busybox as the image's shell and tools (`sh`, `ls`, `tar`, `wget`, ...). */
export async function busyboxEntries(busybox = '/usr/bin/busybox'): Promise<ImageEntry[]> {
  const source = (await systemFiles.exists(busybox)) ? busybox : '/bin/busybox';
  const names = (await mustRun(systemProcesses, source, ['--list'])).trim().split('\n');
  const links = names
    .filter((name) => name !== 'busybox')
    .map((name) => ({ path: `/bin/${name}`, linkTo: 'busybox' }));
  return [{ path: '/bin/busybox', source, mode: 0o755 }, ...links];
}

/** What programs expect of any system: accounts, and a place for temporary files. */
export const baseEntries: ImageEntry[] = [
  { path: '/tmp/', mode: 0o1777 },
  { path: '/root/', mode: 0o700 },
  {
    path: '/etc/passwd',
    content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  },
  { path: '/etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
  { path: '/etc/nsswitch.conf', content: 'hosts: files dns\n' },
];

/** Each path once: later entries win. */
export function uniqueEntries(entries: readonly ImageEntry[]): ImageEntry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

/** Writes an image archive (OCI layout) for `k8ts image load`, from files of this machine alone. */
export async function buildImage(path: string, recipe: ImageRecipe): Promise<void> {
  await writeImageArchive(systemFiles, path, recipe);
}
