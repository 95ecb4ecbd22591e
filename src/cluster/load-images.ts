import type { Platform } from '../platform/platform.ts';
import { isRunning, readState } from './state.ts';
import { UserError } from './user-error.ts';

const importTimeoutMs = 300_000;

/** Puts image archives on every node of the cluster of a data directory; tells after each one. */
export async function loadImages(
  platform: Platform,
  dataDir: string,
  options: { files: readonly string[]; onLoaded(file: string, node: string): void },
): Promise<void> {
  const state = await readState(platform.files, dataDir);
  if (!state || !(await isRunning(platform.files, state))) {
    throw new UserError(`no cluster runs in ${dataDir}`, 'start one with `k8ts up`');
  }
  const real = state.nodes.flatMap(({ name, runtimeSocket }) =>
    runtimeSocket ? [{ name, runtimeSocket }] : [],
  );
  if (real.length === 0)
    throw new UserError('the cluster has no nodes with real containers: there is nowhere to put images');
  for (const file of options.files) {
    if (!(await platform.files.exists(file))) throw new UserError(`${file}: no such file`);
    await Promise.all(
      real.map(async ({ name, runtimeSocket }) => {
        await importArchive(platform, runtimeSocket, file);
        options.onLoaded(file, name);
      }),
    );
  }
}

/** Imports an archive into a node's containerd. */
export async function importArchive(
  platform: Pick<Platform, 'processes'>,
  socket: string,
  file: string,
): Promise<void> {
  const args = ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', '--all-platforms', file];
  const result = await platform.processes.run('ctr', args, { timeoutMs: importTimeoutMs });
  if (result.code === 0) return;
  const why = result.stderr.trim().split('\n').at(-1) ?? '';
  throw new UserError(
    `${file} could not be loaded: ${why}`,
    'it must be an image archive, OCI or as `docker save` writes it',
  );
}
