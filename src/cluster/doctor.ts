import type { Platform } from '../platform/platform.ts';

type World = Pick<Platform, 'processes' | 'files'>;

/** One thing that nodes with real containers need of this machine. */
export interface Check {
  what: string;
  ok: boolean;
  /** What was found, or what is missing and why it matters. */
  detail: string;
  /** What to do about it. */
  fix?: string;
  /** Nodes run without it, with less. */
  optional?: boolean;
}

interface Program {
  name: string;
  /** Where it may stand. */
  paths: string[];
  debian: string;
  why: string;
}

const programs: Program[] = [
  {
    name: 'containerd',
    paths: ['/usr/bin/containerd', '/usr/local/bin/containerd'],
    debian: 'containerd',
    why: 'runs the containers',
  },
  {
    name: 'runc',
    paths: ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'],
    debian: 'runc',
    why: 'starts containers for containerd',
  },
  {
    name: 'CNI plugins',
    paths: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'],
    debian: 'containernetworking-plugins',
    why: 'give pods their network',
  },
  { name: 'nft', paths: ['/usr/sbin/nft', '/sbin/nft'], debian: 'nftables', why: 'carries Services to pods' },
  {
    name: 'ip',
    paths: ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'],
    debian: 'iproute2',
    why: 'makes the network of the nodes',
  },
  { name: 'nsenter', paths: ['/usr/bin/nsenter'], debian: 'util-linux', why: 'starts programs on a node' },
  {
    name: 'catatonit',
    paths: ['/usr/bin/catatonit'],
    debian: 'catatonit',
    why: 'holds the namespaces of a pod open',
  },
  {
    name: 'conntrack',
    paths: ['/usr/sbin/conntrack'],
    debian: 'conntrack',
    why: 'forgets UDP flows to removed pods',
  },
];

async function firstExisting(world: World, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await world.files.exists(path)) return path;
  return undefined;
}

async function checkProgram(world: World, program: Program): Promise<Check> {
  const path = await firstExisting(world, program.paths);
  if (path) return { what: program.name, ok: true, detail: path };
  const fix = `apt-get install ${program.debian}`;
  return { what: program.name, ok: false, detail: `not found; it ${program.why}`, fix };
}

async function checkRoot(world: World): Promise<Check> {
  const uid = (await world.processes.run('id', ['-u'])).stdout.trim();
  if (uid === '0') return { what: 'root', ok: true, detail: 'running as root' };
  const detail = 'nodes make namespaces, mounts and network rules, which only root may';
  return {
    what: 'root',
    ok: false,
    detail,
    fix: 'run as root',
  };
}

/** Kernel parts, by a file that shows each. */
const kernelParts = [
  {
    what: 'overlay file system',
    file: '/proc/filesystems',
    text: 'overlay',
    why: 'images are layers of it',
    fix: 'modprobe overlay',
  },
  {
    what: 'nf_tables',
    file: '/proc/kallsyms',
    text: 'nf_tables',
    why: 'carries Services to pods',
    fix: 'modprobe nf_tables',
  },
];

async function checkKernel(world: World): Promise<Check[]> {
  const checks = kernelParts.map(async ({ what, file, text, why, fix }): Promise<Check> => {
    const found = (await world.files.readText(file).catch(() => '')).includes(text);
    return found
      ? { what, ok: true, detail: 'present' }
      : { what, ok: false, detail: `not seen in ${file}; ${why}`, fix };
  });
  const bridged = await world.files.exists('/proc/sys/net/bridge/bridge-nf-call-iptables');
  const filter: Check = bridged
    ? { what: 'bridge netfilter', ok: true, detail: 'present' }
    : {
        what: 'bridge netfilter',
        ok: false,
        detail: 'a pod could not reach itself or a neighbour through a Service',
        fix: 'modprobe br_netfilter',
      };
  return [...(await Promise.all(checks)), filter];
}

async function checkCgroups(world: World): Promise<Check> {
  const v2 = await world.files.exists('/sys/fs/cgroup/cgroup.controllers');
  if (v2) return { what: 'control groups', ok: true, detail: 'version 2' };
  const v1 = await world.files.exists('/sys/fs/cgroup/memory');
  if (v1) return { what: 'control groups', ok: true, detail: 'version 1' };
  return {
    what: 'control groups',
    ok: false,
    detail: 'none mounted at /sys/fs/cgroup',
    fix: 'mount -t cgroup2 none /sys/fs/cgroup',
  };
}

/** What this machine offers and lacks for nodes with real containers. */
export async function diagnose(world: World): Promise<Check[]> {
  const found = await Promise.all([checkRoot(world), ...programs.map((p) => checkProgram(world, p))]);
  return [...found, await checkCgroups(world), ...(await checkKernel(world))];
}
