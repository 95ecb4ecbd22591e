import { removePodLeftovers } from '../../kubelet/runtimes/containerd/leftovers.ts';
import { linuxMounts, unmountBelow } from '../../kubelet/volumes/mounts.ts';
import { addressFamilies } from '../../machinery/address-family.ts';
import { bridgeName, cniResultsDir, resultsOfPods } from '../../network/cni.ts';
import { table as hostPortsTable } from '../../network/host-ports.ts';
import { table as networkTable } from '../../network/network.ts';
import { table as policiesTable } from '../../network/policies/policy-table.ts';
import { ipOption, routeProtocol } from '../../network/routes.ts';
import type { Platform } from '../../platform/platform.ts';
import { table as proxyTable } from '../../proxy/chains.ts';
import { runtimeDirIn } from '../node-dirs.ts';
import { type NodeLayout, runRoot } from './layout.ts';

type World = Pick<Platform, 'processes' | 'files' | 'log' | 'clock'>;

const cgroupMount = '/sys/fs/cgroup';
const killDeadlineMs = 10_000;

/** Namespaces of a cluster by their names, fabric last. */
async function namespacesOf(world: World, id: string): Promise<string[]> {
  const names = (await world.files.list('/run/netns')).filter((name) => name.startsWith(`k8ts-${id}-`));
  return names.sort((a, b) => Number(a.endsWith('-fabric')) - Number(b.endsWith('-fabric')));
}

async function inodesOf(world: World, paths: readonly string[]): Promise<Set<number>> {
  const stats = await Promise.all(paths.map((path) => world.files.stat(path)));
  return new Set(stats.flatMap((stat) => (stat ? [stat.inode] : [])));
}

async function namespaceInode(world: World, pid: string, kind: 'net' | 'mnt'): Promise<number> {
  const link = await world.files.readLink(`/proc/${pid}/ns/${kind}`).catch(() => '');
  return Number(/\[(\d+)\]/.exec(link)?.[1] ?? 0);
}

/** By what processes are known: where they live, whoever started them and whatever has been killed already. */
interface Territory {
  /** What the path of a control group holds. */
  cgroup: string;
  /** Names of network namespaces. */
  namespaces: readonly string[];
  /** Files that keep mount namespaces. */
  mountFiles: readonly string[];
}

/** Every process in a territory: agents, engines, shims and containers. */
async function processesIn(world: World, territory: Territory): Promise<number[]> {
  const nets = await inodesOf(
    world,
    territory.namespaces.map((name) => `/run/netns/${name}`),
  );
  const mounts = await inodesOf(world, territory.mountFiles);
  const found: number[] = [];
  for (const pid of (await world.files.list('/proc')).filter((name) => /^\d+$/.test(name))) {
    const cgroups = await world.files.readText(`/proc/${pid}/cgroup`).catch(() => '');
    const inside =
      cgroups.includes(territory.cgroup) ||
      nets.has(await namespaceInode(world, pid, 'net')) ||
      mounts.has(await namespaceInode(world, pid, 'mnt'));
    if (inside) found.push(Number(pid));
  }
  return found;
}

async function killAll(world: World, territory: Territory): Promise<void> {
  const deadlineMs = world.clock.monotonic() + killDeadlineMs;
  while (world.clock.monotonic() < deadlineMs) {
    const pids = await processesIn(world, territory);
    if (pids.length === 0) return;
    await world.processes.run('kill', ['-KILL', ...pids.map(String)]);
    await world.clock.sleep(20);
  }
  world.log.warn('processes of the cluster did not end', { pids: await processesIn(world, territory) });
}

/** Kills everything that runs on one node; the node's namespaces stay. */
export async function removeNodeProcesses(world: World, node: NodeLayout): Promise<void> {
  const { cgroupRoot, namespace, mountFile } = node;
  await killAll(world, { cgroup: `${cgroupRoot}/`, namespaces: [namespace], mountFiles: [mountFile] });
}

/** Removes control groups with such names from the leaves up; they are empty once their processes are gone. */
async function removeCgroups(world: World, isOurs: (name: string) => boolean): Promise<void> {
  const hierarchies = ['', ...(await world.files.list(cgroupMount))].map((name) => `${cgroupMount}/${name}`);
  for (const hierarchy of hierarchies) {
    const roots = (await world.files.list(hierarchy)).filter(isOurs);
    for (const root of roots) {
      await world.processes.run('find', [
        `${hierarchy}/${root}`,
        '-depth',
        '-type',
        'd',
        '-exec',
        'rmdir',
        '{}',
        ';',
      ]);
    }
  }
}

async function removeRunDir(world: World, runDir: string): Promise<void> {
  const mounts = linuxMounts(world);
  await unmountBelow(mounts, runDir);
  // A cluster's own is mounted onto itself.
  await mounts.unmount(runDir).catch(() => {});
  await world.files.remove(runDir);
  // The last one takes the folder with it.
  await world.processes.run('rmdir', [runRoot]);
}

/** What a node that is this machine itself has put on it. */
export interface MachineNode {
  dir: string;
  runDir: string;
  cgroup: string;
  serviceRanges: readonly string[];
}

/**
 * Removes the pods' bridge and the links that lead from it to pods: the kernel takes those away with the namespaces of
 * the pods as well, but in its own time.
 */
async function removeBridge(world: World): Promise<void> {
  const { stdout } = await world.processes.run('ip', ['-brief', 'link', 'show', 'master', bridgeName]);
  for (const [, name = ''] of stdout.matchAll(/^([^@\s]+)/gm))
    await world.processes.run('ip', ['link', 'delete', name]);
  await world.processes.run('ip', ['link', 'delete', bridgeName]);
}

/** Removes what the plugins have noted of pods, and the folder of it where there is nothing else in it. */
async function removeResults({ files }: World): Promise<void> {
  for (const name of resultsOfPods(await files.list(cniResultsDir)))
    await files.remove(`${cniResultsDir}/${name}`);
  if ((await files.list(cniResultsDir)).length === 0) await files.remove(cniResultsDir);
}

/** Removes what such a node has put on this machine, its pods with it. Its agent and its engine must not run any more. */
export async function removeMachineNode(world: World, node: MachineNode): Promise<void> {
  const { dir, runDir, cgroup, serviceRanges } = node;
  await removePodLeftovers(world, runtimeDirIn(dir));
  await unmountBelow(linuxMounts(world), dir);
  await removeRunDir(world, runDir);
  await removeCgroups(world, (name) => `/${name}` === cgroup);
  for (const { nft } of addressFamilies)
    for (const table of [proxyTable, networkTable, hostPortsTable, policiesTable])
      await world.processes.run('nft', ['delete', 'table', nft, table]);
  await removeBridge(world);
  await removeResults(world);
  for (const family of addressFamilies)
    await world.processes.run('ip', [ipOption(family), 'route', 'flush', 'proto', routeProtocol]);
  for (const range of serviceRanges) await world.processes.run('ip', ['route', 'delete', range]);
}

/**
 * Removes everything that the cluster with this id has put on this machine, whatever state it was left in:
 * processes, namespaces, links, mounts, control groups and its table. The data directory stays.
 */
export async function removeHosts(world: World, id: string, dataDir: string): Promise<void> {
  const runDir = `${runRoot}/${id}`;
  const mountFiles = (await world.files.list(runDir)).map((name) => `${runDir}/${name}`);
  await killAll(world, { cgroup: `/k8ts-${id}-`, namespaces: await namespacesOf(world, id), mountFiles });
  for (const namespace of await namespacesOf(world, id)) {
    await world.processes.run('ip', ['netns', 'delete', namespace]);
  }
  await world.processes.run('ip', ['link', 'delete', `k8ts-${id}`]);
  // What is mounted at the directory itself is the user's disk.
  await unmountBelow(linuxMounts(world), dataDir);
  await removeRunDir(world, runDir);
  await removeCgroups(world, (name) => name.startsWith(`k8ts-${id}-`));
  await world.processes.run('nft', ['delete', 'table', 'inet', `k8ts-${id}`]).catch(() => {});
}
