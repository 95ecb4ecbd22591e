import { cdiDirs } from '../cdi/cdi-registry.ts';

/** What a node's own containerd is told. Paths are absolute. */
export interface ContainerdSettings {
  /** Of containerd itself: decides the format of its file. */
  version: { major: number; minor: number };
  /** Images and snapshots. */
  root: string;
  /** What does not outlive the machine's run, sockets included. */
  state: string;
  socketPath: string;
  runcRoot: string;
  /** Name of the sandbox image; must stand in the image store, for it is never pulled. */
  sandboxImage: string;
  cniBinDir: string;
  cniConfDir: string;
  /** Holds HOST/hosts.toml; read at each pull. */
  registryDir: string;
  /** Set where the process may not lower the OOM score of others: starting any container fails otherwise. */
  restrictOomScoreAdj: boolean;
  /** Where exec, attach and port-forward are served. */
  streamAddress: string;
  snapshotter: string;
}

type Value = string | number | boolean | readonly string[];
interface Table {
  [key: string]: Value | Table;
}

const isTable = (value: Value | Table): value is Table => typeof value === 'object' && !Array.isArray(value);

/** TOML's basic strings take JSON's escapes. */
const text = (value: Value): string => JSON.stringify(value);
const key = (name: string) => (/^[\w-]+$/.test(name) ? name : text(name));

/** A table as TOML: its values, then its tables under their full names. */
export function toml(table: Table, path: readonly string[] = []): string {
  const entries = Object.entries(table);
  const values = entries.flatMap(([name, value]) =>
    isTable(value) ? [] : [`${key(name)} = ${text(value)}`],
  );
  const tables = entries.flatMap(([name, value]) => (isTable(value) ? [toml(value, [...path, name])] : []));
  const head = path.length > 0 && values.length > 0 ? [`[${path.map(key).join('.')}]`] : [];
  return [...head, ...values, ...tables].join('\n');
}

function runcRuntime(s: ContainerdSettings): Table {
  return { runtime_type: 'io.containerd.runc.v2', options: { Root: s.runcRoot, SystemdCgroup: false } };
}

function handlers(s: ContainerdSettings): Table {
  return { default_runtime_name: 'runc', runtimes: { runc: runcRuntime(s) } };
}

/** CDI devices are known from 1.7 on, and looked for unasked from 2.0 on. */
function cdiDevices({ version: { major, minor } }: ContainerdSettings): Table {
  return major >= 2 || minor >= 7 ? { enable_cdi: true, cdi_spec_dirs: cdiDirs } : {};
}

/** Pods may listen on low ports and ping without being root, as containerd 2 does by default. */
function ofEveryPod(s: ContainerdSettings): Table {
  return {
    netns_mounts_under_state_dir: true,
    restrict_oom_score_adj: s.restrictOomScoreAdj,
    enable_unprivileged_ports: true,
    enable_unprivileged_icmp: true,
    ...cdiDevices(s),
  };
}

/** Plugins as containerd 1 names them: one for the whole runtime interface. */
function pluginsOfVersion1(s: ContainerdSettings): Table {
  const cri: Table = {
    sandbox_image: s.sandboxImage,
    stream_server_address: s.streamAddress,
    stream_server_port: '0',
    ...ofEveryPod(s),
    cni: { bin_dir: s.cniBinDir, conf_dir: s.cniConfDir },
    containerd: { snapshotter: s.snapshotter, ...handlers(s) },
    registry: { config_path: s.registryDir },
  };
  return { 'io.containerd.grpc.v1.cri': cri };
}

/** Plugins as containerd 2 names them: images, runtime and service apart. */
function pluginsOfVersion2(s: ContainerdSettings): Table {
  const cni: Table = { conf_dir: s.cniConfDir };
  if (s.version.minor >= 1) cni.bin_dirs = [s.cniBinDir];
  else cni.bin_dir = s.cniBinDir;
  return {
    'io.containerd.grpc.v1.cri': { stream_server_address: s.streamAddress, stream_server_port: '0' },
    'io.containerd.cri.v1.images': {
      snapshotter: s.snapshotter,
      pinned_images: { sandbox: s.sandboxImage },
      registry: { config_path: s.registryDir },
    },
    'io.containerd.cri.v1.runtime': {
      ...ofEveryPod(s),
      cni,
      containerd: handlers(s),
    },
  };
}

/** Snapshotters and services that a node does not use; each costs time at start. */
const unused = ['aufs', 'btrfs', 'devmapper', 'zfs', 'blockfile'].map(
  (name) => `io.containerd.snapshotter.v1.${name}`,
);

/** The configuration file: format 2 up to containerd 1.7, format 3 from 2.0 on. */
export function containerdConfig(s: ContainerdSettings): string {
  const modern = s.version.major >= 2;
  const config: Table = {
    version: modern ? 3 : 2,
    root: s.root,
    state: s.state,
    disabled_plugins: unused,
    debug: { level: 'warn' },
    grpc: { address: s.socketPath },
    ttrpc: { address: `${s.socketPath}.ttrpc` },
    plugins: {
      ...(modern ? pluginsOfVersion2(s) : pluginsOfVersion1(s)),
      'io.containerd.internal.v1.opt': { path: `${s.root}/opt` },
    },
  };
  return `${toml(config)}\n`;
}

/** Reads what `containerd --version` prints, such as `containerd github.com/containerd/containerd v1.7.2 0cae…`. */
export function parseVersion(output: string): { major: number; minor: number } {
  const match = /\bv?(\d+)\.(\d+)\.\d+/.exec(output);
  if (!match) throw new Error(`cannot read the version of containerd from ${JSON.stringify(output.trim())}`);
  return { major: Number(match[1]), minor: Number(match[2]) };
}

const sysResource = 24n;

/** Whether a process with this /proc/PID/status lacks CAP_SYS_RESOURCE. */
export function lacksSysResource(status: string): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> sysResource) & 1n) === 0n;
}

/** The type of the file system that holds a path, by /proc/self/mountinfo. */
export function filesystemType(mountinfo: string, path: string): string {
  const mounts = mountinfo
    .trim()
    .split('\n')
    .map((line) => {
      const [fixed = '', source = ''] = line.split(' - ');
      return {
        point: (fixed.split(' ')[4] ?? '').replaceAll('\\040', ' '),
        type: source.split(' ')[0] ?? '',
      };
    });
  const above = ({ point }: { point: string }) =>
    point === '/' || path === point || path.startsWith(`${point}/`);
  const depth = ({ point }: { point: string }) => (point === '/' ? 0 : point.length);
  return mounts
    .filter(above)
    .reduce((best, m) => (depth(m) >= depth(best) ? m : best), { point: '/', type: '' }).type;
}
