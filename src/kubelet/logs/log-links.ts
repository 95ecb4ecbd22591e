import type { Pod } from '../../api/core/v1.ts';
import type { Files } from '../../platform/files.ts';
import { podLogDirectory } from '../containers/sandbox-spec.ts';

/** A folder of links to the logs of containers, from whose names log agents read whose they are. */
export interface LogLinks {
  /** The folder; agents look for it at `/var/log/containers`. */
  dir: string;
  /** Where who follows the links finds the logs of pods, which is `/var/log/pods` as upstream has it. */
  podLogs: string;
}

export interface LoggedContainer {
  pod: Pod;
  name: string;
  /** What the runtime calls it. */
  id: string;
  /** Relative to the pod's log directory. */
  logPath: string;
}

const suffix = '.log';
const longestName = 255 - suffix.length;

/** `POD_NAMESPACE_CONTAINER-ID.log`, as long as the name of a file may be. */
export function logLinkName({ pod, name, id }: Omit<LoggedContainer, 'logPath'>): string {
  const { name: podName, namespace } = pod.metadata;
  return `${podName}_${namespace}_${name}-${id}`.slice(0, longestName) + suffix;
}

/** Makes the link to a container's log; one that stands there already stays. */
export async function linkLog(files: Files, links: LogLinks, container: LoggedContainer): Promise<void> {
  const link = `${links.dir}/${logLinkName(container)}`;
  if (await files.stat(link, { followLinks: false })) return;
  await files.makeDir(links.dir);
  await files.symlink(`${podLogDirectory(links.podLogs, container.pod)}/${container.logPath}`, link);
}

/** Removes links to logs that are gone. */
export async function pruneLogLinks(files: Files, { dir }: LogLinks): Promise<void> {
  for (const name of await files.list(dir))
    if (!(await files.exists(`${dir}/${name}`))) await files.remove(`${dir}/${name}`);
}
