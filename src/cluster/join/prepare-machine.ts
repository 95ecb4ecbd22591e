import { parseMountInfo } from '../../kubelet/volumes/mounts.ts';
import { familyOf, ipv6 } from '../../machinery/address-family.ts';
import { forwardingSettings } from '../../network/forwarding.ts';
import { deviceIn, ipOption, serviceWay } from '../../network/routes.ts';
import type { Platform } from '../../platform/platform.ts';
import { runRoot } from '../hosts/layout.ts';
import { addressesOf, type JoinedNode, podRangesOf, serviceRangesOf } from './joined-node.ts';

/**
 * Sets this machine up as a node: forwarding, mounts that pods may pass on, and a way to Services, so that the proxy's
 * rules see what the machine itself sends there. What is set already stays; what cannot be set is told, not fatal.
 */
export async function prepareMachine(
  node: JoinedNode,
  { processes, files, log }: Pick<Platform, 'processes' | 'files' | 'log'>,
): Promise<void> {
  const run = async (command: string, args: string[]) => {
    const result = await processes.run(command, args);
    if (result.code !== 0)
      log.warn('the machine could not be prepared in full', { command, args, error: result.stderr });
    return result.stdout;
  };
  const isIPv6 = podRangesOf(node).some((range) => familyOf(range) === ipv6);
  for (const setting of forwardingSettings(isIPv6)) await run('sysctl', ['-q', '-w', setting]);
  for (const path of unsharedMounts(await files.readText('/proc/self/mountinfo')))
    await run('mount', ['--make-shared', path]);
  for (const address of addressesOf(node)) {
    const family = familyOf(address);
    const links = await run('ip', [ipOption(family), '-oneline', 'address', 'show', 'to', address]);
    const device = deviceIn(links);
    if (device === undefined) continue;
    for (const range of serviceRangesOf(node).filter((one) => familyOf(one) === family))
      await run('ip', ['route', 'replace', range, ...serviceWay(family, { device, address }).split(' ')]);
  }
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
