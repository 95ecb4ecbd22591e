import type { NodeContext } from '../pods/context.ts';
import { RuntimeError } from '../runtimes/runtime-error.ts';

/** Removes a container that does not run, and with it its log and what was moved away of that. No error where it is gone. */
export async function removeWithLogs(
  { runtime, platform }: Pick<NodeContext, 'runtime' | 'platform'>,
  id: string,
): Promise<void> {
  const status = await runtime.containers.status(id).catch(unlessGone);
  if (status?.logPath) await removeLogs(platform.files, status.logPath);
  await runtime.containers.remove(id);
}

function unlessGone(error: unknown): undefined {
  if (error instanceof RuntimeError && error.code === 'NotFound') return;
  throw error;
}

async function removeLogs(files: NodeContext['platform']['files'], path: string): Promise<void> {
  const at = path.lastIndexOf('/');
  const [dir, base] = [path.slice(0, at), path.slice(at + 1)];
  for (const name of await files.list(dir))
    if (name === base || name.startsWith(`${base}.`)) await files.remove(`${dir}/${name}`);
}
