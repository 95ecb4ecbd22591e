import type { Files } from '../../../platform/files.ts';
import { writeImageArchive } from '../../../platform/oci-archive.ts';
import type { Runtime } from '../runtime.ts';

/** The image of the process that holds a pod's namespaces. It exists on the node alone. */
export const sandboxImageName = 'k8ts.local/pause:1';

/** Static programs that hold namespaces and reap orphans, and how they are told to. */
const candidates: { path: string; args: string[] }[] = [
  { path: '/usr/bin/catatonit', args: ['-P'] },
  { path: '/usr/libexec/podman/catatonit', args: ['-P'] },
  { path: '/usr/libexec/catatonit/catatonit', args: ['-P'] },
  { path: '/usr/bin/pause', args: [] },
];

/** The host's program for sandboxes; undefined where it has none. */
async function pauseProgram(files: Files) {
  for (const candidate of candidates) {
    if (await files.exists(candidate.path)) return candidate;
  }
  return undefined;
}

/** Writes the archive of the sandbox image, made from a program of this host; nothing is fetched. */
export async function writeSandboxImage(files: Files, archivePath: string): Promise<void> {
  const program = await pauseProgram(files);
  if (!program) {
    const places = candidates.map((candidate) => candidate.path).join(', ');
    throw new Error(
      `no program to hold pods' namespaces: install the package catatonit (looked for ${places})`,
    );
  }
  await writeImageArchive(files, archivePath, {
    name: sandboxImageName,
    layers: [[{ path: '/pause', source: program.path, mode: 0o755 }]],
    defaults: { entrypoint: ['/pause', ...program.args] },
  });
}

/** Makes sure that the runtime has the sandbox image. `directory` is for the archive on its way. */
export async function ensureSandboxImage(runtime: Runtime, files: Files, directory: string): Promise<void> {
  if (await runtime.images.status(sandboxImageName)) return;
  const archive = `${directory}/sandbox-image.tar`;
  await writeSandboxImage(files, archive);
  await runtime.images.importArchive(archive);
  await files.remove(archive);
}
