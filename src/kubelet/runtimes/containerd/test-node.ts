import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { systemClock } from '../../../platform/clock.ts';
import { systemFiles } from '../../../platform/files.ts';
import { silentLog } from '../../../platform/log.ts';
import { writeImageArchive } from '../../../platform/oci-archive.ts';
import { type RunningProcess, systemProcesses } from '../../../platform/processes.ts';
import { removePodLeftovers } from './leftovers.ts';
import { type ContainerdDaemon, type ContainerdOptions, startContainerd } from './daemon.ts';

/** A node for tests of real engines: namespaces of its own that vanish with its processes, and a temporary directory. */

const platform = { clock: systemClock, files: systemFiles, processes: systemProcesses, log: silentLog };

/** Why real containers cannot run here; undefined where they can. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const onPath = (name: string) =>
    ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/bin'].some((dir) => existsSync(join(dir, name)));
  const programs = ['containerd', 'ctr', 'runc', 'unshare', 'nsenter', 'catatonit', 'busybox'];
  const missing = programs.find((name) => !onPath(name));
  if (missing) return `needs ${missing}`;
  return existsSync('/usr/lib/cni/bridge') ? undefined : 'needs the CNI plugins in /usr/lib/cni';
}

/** Puts containerd into fresh network and mount namespaces, which end with the last process in them. */
const isolate = `
set -e
ip link set lo up
mount --make-rshared /
for dir in /run/containerd /run/netns /var/lib/cni; do mkdir -p $dir; mount -t tmpfs tmpfs $dir; done
exec "$@"`;
const entry = ['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-c', isolate, 'sh'];

const network = (directory: string) => ({
  cniVersion: '0.4.0',
  name: 'k8ts-test',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipam: { type: 'host-local', dataDir: `${directory}/ipam`, ranges: [[{ subnet: '10.88.0.0/24' }]] },
    },
  ],
});

/** A TCP connection made inside a process's network namespace, over the pipes of a helper. */
function connectInside(pid: number, url: URL): Duplex {
  const relay = `const s = require('net').connect({ host: '${url.hostname}', port: ${Number(url.port)}, allowHalfOpen: true });
    process.stdin.pipe(s); s.pipe(process.stdout); s.on('error', () => process.exit(1));`;
  const [program, ...args] = ['nsenter', `--net=/proc/${pid}/ns/net`, process.execPath, '-e', relay] as const;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  const duplex = Duplex.from({ writable: child.stdin, readable: child.stdout });
  duplex.on('close', () => child.kill('SIGKILL'));
  return duplex;
}

export const testImage = 'k8ts.local/busybox:test';

export interface TestNode {
  directory: string;
  /** Below every hierarchy's root; removed at the end. */
  cgroupRoot: string;
  daemon: ContainerdDaemon;
  /** Command prefix that runs a program in the node's namespaces. */
  entry: readonly string[];
  /** Starts containerd again, after it has ended, in the same namespaces. */
  startAgain(): Promise<void>;
  /** Removes pods, containerd and everything it has left. */
  remove(): Promise<void>;
}

async function loadTestImage(node: { directory: string; daemon: ContainerdDaemon }): Promise<void> {
  const { stdout } = await systemProcesses.run('busybox', ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  const archive = `${node.directory}/busybox.tar`;
  await writeImageArchive(systemFiles, archive, {
    name: testImage,
    layers: [
      [
        { path: '/bin/busybox', source: '/usr/bin/busybox', mode: 0o755 },
        ...applets.map((name) => ({ path: `/bin/${name}`, linkTo: 'busybox' })),
        { path: '/etc/passwd', content: 'root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n' },
        { path: '/etc/group', content: 'root:x:0:\nweb:x:33:\nextra:x:77:web\n' },
        { path: '/tmp/', mode: 0o1777 },
        { path: '/proc/' },
        { path: '/sys/' },
        { path: '/dev/' },
      ],
    ],
    defaults: { cmd: ['sh'] },
  });
  await node.daemon.runtime.images.importArchive(archive);
}

function removeCgroups(path: string): void {
  if (!existsSync(path)) return;
  for (const child of readdirSync(path, { withFileTypes: true })) {
    if (child.isDirectory()) removeCgroups(join(path, child.name));
  }
  rmdirSync(path);
}

async function removePods(daemon: ContainerdDaemon): Promise<void> {
  const { sandboxes } = daemon.runtime;
  for (const { id } of await sandboxes.list()) {
    await sandboxes.stop(id);
    await sandboxes.remove(id);
  }
}

async function removeFrame(directory: string, cgroupRoot: string, keeper: RunningProcess): Promise<void> {
  await removePodLeftovers(platform, directory);
  keeper.kill('SIGKILL');
  await keeper.ended;
  for (const hierarchy of ['', ...readdirSync('/sys/fs/cgroup')]) {
    removeCgroups(join('/sys/fs/cgroup', hierarchy, cgroupRoot));
  }
  rmSync(directory, { recursive: true, force: true });
}

export async function createTestNode(more: Partial<ContainerdOptions> = {}): Promise<TestNode> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-node-'));
  const cgroupRoot = `/k8ts-test-${process.pid}-${directory.slice(-6)}`;
  const cniConfDir = `${directory}/cni`;
  mkdirSync(cniConfDir);
  writeFileSync(`${cniConfDir}/10-k8ts.conflist`, JSON.stringify(network(directory)));
  // A process that stays, so that containerd can come and go in the same namespaces.
  const keeper = await systemProcesses.start(entry[0] as string, [...entry.slice(1), 'sleep', '100000']);
  const inside = ['nsenter', `--net=/proc/${keeper.pid}/ns/net`, `--mount=/proc/${keeper.pid}/ns/mnt`, '--'];
  const streamConnect = (url: URL) => connectInside(keeper.pid, url);
  const cni = { cniBinDir: '/usr/lib/cni', cniConfDir };
  const start = () => startContainerd({ platform, directory, entry: inside, ...cni, streamConnect, ...more });
  try {
    await isolated(keeper.pid);
    const node: TestNode = {
      directory,
      cgroupRoot,
      daemon: await start(),
      entry: inside,
      startAgain: async () => {
        node.daemon = await start();
      },
      remove: async () => {
        await removePods(node.daemon);
        await node.daemon.stop();
        await removeFrame(directory, cgroupRoot, keeper);
      },
    };
    await loadTestImage(node);
    return node;
  } catch (error) {
    await removeFrame(directory, cgroupRoot, keeper);
    throw error;
  }
}

/** The keeper's script is over once the program it starts has taken its place. */
async function isolated(pid: number): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sleep') return;
    await systemClock.sleep(5);
  }
  throw new Error('the namespaces of the test node were not made');
}
