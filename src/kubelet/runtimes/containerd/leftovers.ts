import type { Platform } from '../../../platform/platform.ts';
import { linuxMounts, unmountBelow } from '../../volumes/mounts.ts';
import { socketIn } from './socket.ts';

type World = Pick<Platform, 'clock' | 'files' | 'processes'>;

/** A process, as far as it matters for whom it belongs to. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  args: readonly string[];
}

/** The shims that serve the containerd at `socketPath`, and everything below them. */
export function podProcesses(table: readonly ProcessEntry[], socketPath: string): number[] {
  const serves = ({ args }: ProcessEntry) =>
    (args[0] ?? '').includes('containerd-shim') && args[args.indexOf('-address') + 1] === socketPath;
  const found = new Set(table.filter(serves).map((p) => p.pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const p of table) if (found.has(p.parent)) found.add(p.pid);
  }
  return [...found];
}

async function processEntry(files: World['files'], pid: string): Promise<ProcessEntry[]> {
  try {
    const stat = await files.readText(`/proc/${pid}/stat`);
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (afterName[0] === 'Z') return [];
    const args = (await files.readText(`/proc/${pid}/cmdline`)).split('\0');
    return [{ pid: Number(pid), parent: Number(afterName[1]), args }];
  } catch {
    return [];
  }
}

async function processTable(files: World['files']): Promise<ProcessEntry[]> {
  const pids = (await files.list('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map((pid) => processEntry(files, pid)))).flat();
}

const killDeadlineMs = 10_000;

async function killPods(world: World, socketPath: string): Promise<void> {
  const deadlineMs = world.clock.monotonic() + killDeadlineMs;
  for (;;) {
    const pids = podProcesses(await processTable(world.files), socketPath);
    if (pids.length === 0) return;
    if (world.clock.monotonic() > deadlineMs) throw new Error(`processes do not end: ${pids.join(', ')}`);
    await world.processes.run('kill', ['-KILL', ...pids.map(String)]);
    await world.clock.sleep(10);
  }
}

/**
 * Ends the pods that a containerd with this directory has left running, and takes away their mounts in this process's
 * namespace. For when pods shall not outlive their node, or containerd was killed; it must not run any more.
 */
export async function removePodLeftovers(world: World, directory: string): Promise<void> {
  await killPods(world, socketIn(directory));
  await unmountBelow(linuxMounts(world), directory);
}
