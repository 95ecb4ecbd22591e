import type { Platform } from '../../platform/platform.ts';
import { mustRun } from '../../platform/processes.ts';
import {
  cdiIn,
  cdiPath,
  kubeletIn,
  kubeletPath,
  logLinksIn,
  logLinksPath,
  podLogsIn,
  podLogsPath,
} from '../node-dirs.ts';
import {
  type ClusterLayout,
  clusterLayout,
  fabricNetworks,
  type NodeLayout,
  networkOf,
  nodeLayout,
} from './layout.ts';
import { runNft } from '../../platform/nft.ts';

type World = Pick<Platform, 'processes' | 'files' | 'log'>;

export interface FabricRanges {
  /** Addresses of Services, of IPv4; routed only so that the proxy's rules see them. */
  serviceRanges: readonly string[];
  /** Addresses of all pods; unreachable but for the nodes' own parts. */
  podRange: string;
}

/** Runs several `ip` commands as one, all in a namespace or, without one, on this machine. */
async function ip(world: World, namespace: string | undefined, lines: readonly string[]): Promise<void> {
  const where = namespace ? ['-n', namespace] : [];
  await mustRun(world.processes, 'ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** The first network of the id's row that no link of this machine uses. */
async function freeNetwork(world: World, id: string): Promise<string> {
  const taken = await mustRun(world.processes, 'ip', ['-4', '-oneline', 'address', 'show']);
  for (let choice = 0; choice < fabricNetworks; choice++) {
    const network = networkOf(id, choice);
    if (!taken.includes(` ${network}.`)) return network;
  }
  throw new Error('every network of 198.18.0.0/15 is in use on this machine');
}

/** Makes the namespace with the bridge, and the link from this machine to it. */
export async function createFabric(world: World, id: string): Promise<ClusterLayout> {
  const layout = clusterLayout(id, await freeNetwork(world, id));
  const { fabricNamespace, hostLink, hostAddress } = layout;
  await mustRun(world.processes, 'ip', ['netns', 'add', fabricNamespace]);
  await ip(world, fabricNamespace, ['link set lo up', 'link add br0 type bridge', 'link set br0 up']);
  await ip(world, undefined, [
    `link add ${hostLink} type veth peer name host netns ${fabricNamespace}`,
    `address add ${hostAddress}/24 dev ${hostLink}`,
    `link set ${hostLink} up`,
  ]);
  await ip(world, fabricNamespace, ['link set host master br0', 'link set host up']);
  await preparePrivateDir(world, layout.runDir);
  return layout;
}

/** Mount namespaces can be kept only below a mount that propagates nowhere. */
async function preparePrivateDir(world: World, dir: string): Promise<void> {
  await world.files.makeDir(dir);
  await mustRun(world.processes, 'mount', ['--bind', dir, dir]);
  await mustRun(world.processes, 'mount', ['--make-private', dir]);
}

/** The cluster's only rules on this machine itself: nodes reach other networks with the machine's address. */
function uplinkScript({ id, hostLink, network }: ClusterLayout): string {
  const table = `k8ts-${id}`;
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `add table inet ${table}`,
    `add chain inet ${table} postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
    `add rule inet ${table} postrouting ip saddr ${network}.0/24 oifname != "${hostLink}" masquerade`,
    `add chain inet ${table} forward { type filter hook forward priority filter; policy accept; }`,
    `add rule inet ${table} forward iifname "${hostLink}" accept`,
    `add rule inet ${table} forward oifname "${hostLink}" ct state established,related accept`,
    '',
  ].join('\n');
}

/** Lets the nodes reach other networks through this machine. */
export async function openUplink(world: World, layout: ClusterLayout): Promise<void> {
  await mustRun(world.processes, 'sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
  await runNft(world.processes, uplinkScript(layout));
}

const nodeSysctls = [
  'net.ipv4.ip_forward=1',
  // Without it, pod to service to pod on one bridge loses its way back.
  'net.bridge.bridge-nf-call-iptables=1',
];

/** Makes one node: a network namespace on the fabric and a mount namespace of its own. */
export async function createNodeHost(
  world: World,
  cluster: ClusterLayout,
  options: FabricRanges & { index: number; dataDir: string; uplink: 'nat' | 'none' },
): Promise<NodeLayout> {
  const node = nodeLayout(cluster, options.index);
  await mustRun(world.processes, 'ip', ['netns', 'add', node.namespace]);
  await ip(world, cluster.fabricNamespace, [
    `link add ${node.link} type veth peer name eth0 netns ${node.namespace}`,
    `link set ${node.link} master br0`,
    `link set ${node.link} up`,
  ]);
  await ip(world, node.namespace, [
    'link set lo up',
    `address add ${node.address}/24 dev eth0`,
    'link set eth0 up',
    ...options.serviceRanges.map((range) => `route add ${range} dev eth0 scope link src ${node.address}`),
    `route add unreachable ${options.podRange} metric 4096`,
    ...(options.uplink === 'nat' ? [`route add default via ${cluster.hostAddress}`] : []),
  ]);
  const inNet = [`--net=/run/netns/${node.namespace}`, 'sysctl', '-q'];
  for (const setting of nodeSysctls) {
    const result = await world.processes.run('nsenter', [...inNet, '-w', setting]);
    if (result.code !== 0)
      world.log.warn('setting not available on this machine', { setting, error: result.stderr });
  }
  await createMountNamespace(world, node);
  await showNodeDirs(world, node, `${options.dataDir}/nodes/${node.name}`).catch((error: Error) =>
    world.log.warn('log agents and plugins do not find their folders on this node', {
      node: node.name,
      error: error.message,
    }),
  );
  return node;
}

/** Lets who has the node's `/var` find the logs of its pods, its kubelet and its devices there, and those of no other node of this machine. */
async function showNodeDirs({ processes, files }: World, node: NodeLayout, dir: string): Promise<void> {
  await files.makeDir(dir, { mode: 0o700 });
  for (const [own, path] of [
    [podLogsIn(dir), podLogsPath],
    [logLinksIn(dir), logLinksPath],
    [kubeletIn(dir), kubeletPath],
    [cdiIn(dir), cdiPath],
  ] as const) {
    await files.makeDir(own);
    await files.makeDir(path);
    await mustRun(processes, 'nsenter', [`--mount=${node.mountFile}`, '--', 'mount', '--bind', own, path]);
  }
}

/** Own mounts, shared among the node's processes, and its own state of containerd and CNI. */
async function createMountNamespace(world: World, node: NodeLayout): Promise<void> {
  const { processes, files } = world;
  await files.write(node.mountFile, '');
  await mustRun(processes, 'unshare', [`--mount=${node.mountFile}`, '--propagation', 'private', 'true']);
  const inside = (command: string, ...args: string[]) =>
    mustRun(processes, 'nsenter', [`--mount=${node.mountFile}`, '--', command, ...args]);
  await inside('mount', '--make-rshared', '/');
  for (const dir of ['/run/containerd', '/var/lib/cni', '/run/netns']) {
    await files.makeDir(dir);
    await inside('mount', '-t', 'tmpfs', '-o', 'mode=0755', 'k8ts', dir);
  }
  await inside('mount', '--make-shared', '/run/netns');
}
