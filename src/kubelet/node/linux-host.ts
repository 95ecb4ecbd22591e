import type { Files } from '../../platform/files.ts';
import type { HostCalls } from '../../platform/host-calls.ts';
import { openBeneath } from '../../platform/open-beneath.ts';
import type { Platform } from '../../platform/platform.ts';
import { mustRun } from '../../platform/processes.ts';
import { linuxCgroups } from '../cgroups/linux-cgroups.ts';
import { linuxMounts } from '../volumes/mounts.ts';
import type { HostFacts, NodeHost } from './node-host.ts';

/** What Go calls the machines that `uname -m` names. */
const goArchitectures: Record<string, string> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/** The Linux machine that this process runs on. */
export async function linuxHost(platform: Platform, calls: HostCalls): Promise<NodeHost> {
  const { files, processes, log } = platform;
  const cgroups = await linuxCgroups({ files, calls, processes, log });
  const text = (path: string) => files.readText(path).catch(() => '');
  return {
    facts: () => readFacts(platform),
    availableMemoryBytes: async () => memInfoBytes(await text('/proc/meminfo'), 'MemAvailable'),
    disk: (path) => existingParent(files, path).then(calls.space),
    usedBytes: (path) => usedBytes(platform, path),
    pids: async () => ({
      max: Number(await text('/proc/sys/kernel/pid_max')) || Number.POSITIVE_INFINITY,
      used: Number((await text('/proc/loadavg')).split(' ')[3]?.split('/')[1] ?? 0),
    }),
    cgroups,
    mounts: linuxMounts(platform),
    openBeneath,
    resolvConf: () => text('/etc/resolv.conf'),
    hostsFile: () => text('/etc/hosts'),
  };
}

async function readFacts({ files, processes }: Platform): Promise<HostFacts> {
  const line = async (path: string) => (await files.readText(path).catch(() => '')).trim();
  const machine = (await mustRun(processes, 'uname', ['-m'])).trim();
  const machineId = await line('/etc/machine-id');
  return {
    machineId,
    systemUuid: (await line('/sys/class/dmi/id/product_uuid')) || machineId,
    bootId: await line('/proc/sys/kernel/random/boot_id'),
    kernelVersion: await line('/proc/sys/kernel/osrelease'),
    osImage: osName(await line('/etc/os-release')),
    operatingSystem: 'linux',
    architecture: goArchitectures[machine] ?? machine,
    cpus: countCpus(await line('/proc/stat')),
    memoryBytes: memInfoBytes(await line('/proc/meminfo'), 'MemTotal'),
    hostname: await line('/proc/sys/kernel/hostname'),
  };
}

/** The name that an os-release file gives. */
export function osName(osRelease: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? 'Linux';
}

/** A figure of /proc/meminfo in bytes. */
export function memInfoBytes(memInfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(memInfo)?.[1] ?? 0) * 1024;
}

/** How many CPUs /proc/stat lists. */
export function countCpus(stat: string): number {
  return stat.split('\n').filter((l) => /^cpu\d+ /.test(l)).length || 1;
}

async function usedBytes({ files, processes }: Platform, path: string): Promise<number> {
  if (!(await files.exists(path))) return 0;
  // Files may vanish while they are counted: what du says beside the sum does not matter.
  const { stdout } = await processes.run('du', ['-sxk', path]);
  return Number(stdout.split(/\s/)[0] ?? 0) * 1024;
}

async function existingParent(files: Files, path: string): Promise<string> {
  for (let at = path; at.length > 1; at = at.slice(0, Math.max(1, at.lastIndexOf('/'))))
    if (await files.exists(at)) return at;
  return '/';
}
