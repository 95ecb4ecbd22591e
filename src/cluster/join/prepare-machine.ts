import { parseMountInfo } from '../../kubelet/volumes/mounts.ts';
import { deviceIn } from '../../network/routes.ts';
import type { Platform } from '../../platform/platform.ts';
import { runRoot } from '../hosts/layout.ts';
import { routedRanges } from '../service-network.ts';
import { type JoinedNode, serviceRangesOf } from './joined-node.ts';

const settings = ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'];

/**
 * Sets this machine up as a node: forwarding, mounts that pods may pass on, and a way to Services, so that the proxy's
 * rules see what the machine itself sends there. What is set already stays; what cannot be set is told, not fatal.
 */
export async function prepareMachine(
  node: JoinedNode,
  { processes, files, log }: Pick<Platform, 'processes' | 'files' | 'log'>,
): Promise<void> {
  const { address } = node;
  const run = async (command: string, args: string[]) => {
    const result = await processes.run(command, args);
    if (result.code !== 0)
      log.warn('the machine could not be prepared in full', { command, args, error: result.stderr });
    return result.stdout;
  };
  for (const setting of settings) await run('sysctl', ['-q', '-w', setting]);
  for (const path of unsharedMounts(await files.readText('/proc/self/mountinfo')))
    await run('mount', ['--make-shared', path]);
  const links = await run('ip', ['-4', '-oneline', 'address', 'show', 'to', address]);
  const device = deviceIn(links);
  if (device === undefined) return;
  for (const range of routedRanges(serviceRangesOf(node)))
    await run('ip', ['route', 'replace', range, 'dev', device, 'scope', 'link', 'src', address]);
}

/**
 * What systemd makes shared at boot, on a machine without it. Where the root is shared, whoever has kept another mount private
 * knows why; those of clusters on this machine could not keep their nodes' mount namespaces otherwise.
 */
function unsharedMounts(mountInfo: string): string[] {
  const mounts = parseMountInfo(mountInfo);
  if (mounts.some(({ path, isShared }) => path === '/' && isShared)) return [];
  return mounts
    .filter(({ path, isShared }) => !isShared && !path.startsWith(`${runRoot}/`))
    .map(({ path }) => path);
}
