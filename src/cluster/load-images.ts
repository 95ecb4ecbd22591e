import type { Platform } from '../platform/platform.ts';
import { agentDir, keptNode } from './join/joined-node.ts';
import { runtimeSocketIn } from './node-dirs.ts';
import { isRunning, readState } from './state.ts';
import { UserError } from './user-error.ts';

const importTimeoutMs = 300_000;

interface RealNode {
  name: string;
  runtimeSocket: string;
}

/** The nodes with real containers that run from a data directory: those of a cluster, or the one that has joined another. */
async function realNodes(platform: Platform, dataDir: string): Promise<RealNode[]> {
  const { files } = platform;
  const state = await readState(files, dataDir);
  const isUp = state && (await isRunning(files, state));
  const nodes = isUp
    ? state.nodes.flatMap(({ name, runtimeSocket: s }) => (s ? [{ name, runtimeSocket: s }] : []))
    : [];
  if (nodes.length > 0) return nodes;
  const joined = await keptNode(dataDir, files);
  const runtimeSocket = runtimeSocketIn(agentDir(dataDir));
  if (joined && (await files.exists(runtimeSocket))) return [{ name: joined.nodeName, runtimeSocket }];
  throw isUp
    ? new UserError(
        'no node with real containers runs from here: there is nowhere to put images',
        'on the machine of an agent, give its --data-dir',
      )
    : new UserError(`no cluster runs in ${dataDir}`, 'start one with `k8ts up`');
}

/** Puts image archives on every node that runs from a data directory; tells after each one. */
export async function loadImages(
  platform: Platform,
  dataDir: string,
  options: { files: readonly string[]; onLoaded(file: string, node: string): void },
): Promise<void> {
  const real = await realNodes(platform, dataDir);
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
