import { familyOf, ipv4, ipv6 } from '../../machinery/address-family.ts';
import { forwardingSettings } from '../../network/forwarding.ts';
import { serviceWay } from '../../network/routes.ts';
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
  /** Addresses of Services, routed only so that the proxy's rules see them. Of a family that nodes do not have nothing is. */
  serviceRanges: readonly string[];
  /** Addresses of all pods, one range a family; unreachable but for the nodes' own parts. */
  podRanges: readonly string[];
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

/** Makes the namespace with the bridge, and the link from this machine to it. Addresses of IPv4 are always there, as the way out. */
export async function createFabric(world: World, id: string, isIPv6: boolean): Promise<ClusterLayout> {
  const layout = clusterLayout(id, await freeNetwork(world, id));
  const { fabricNamespace, hostLink, host } = layout;
  await mustRun(world.processes, 'ip', ['netns', 'add', fabricNamespace]);
  await ip(world, fabricNamespace, ['link set lo up', 'link add br0 type bridge', 'link set br0 up']);
  await ip(world, undefined, [
    `link add ${hostLink} type veth peer name host netns ${fabricNamespace}`,
    `address add ${host.IPv4}/24 dev ${hostLink}`,
    ...(isIPv6 ? [`address add ${host.IPv6}/64 dev ${hostLink} nodad`] : []),
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
function uplinkScript({ id, hostLink, network, network6 }: ClusterLayout): string {
  const table = `k8ts-${id}`;
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `add table inet ${table}`,
    `add chain inet ${table} postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
    `add rule inet ${table} postrouting ip saddr ${network}.0/24 oifname != "${hostLink}" masquerade`,
    `add rule inet ${table} postrouting ip6 saddr ${network6}::/64 oifname != "${hostLink}" masquerade`,
    `add chain inet ${table} forward { type filter hook forward priority filter; policy accept; }`,
    `add rule inet ${table} forward iifname "${hostLink}" accept`,
    `add rule inet ${table} forward oifname "${hostLink}" ct state established,related accept`,
    '',
  ].join('\n');
}

/**
 * Lets the nodes reach other networks through this machine. Whether it passes on IPv6 is left as it is: once it does, it takes its own way
 * out no longer from routers that tell of themselves.
 */
export async function openUplink(world: World, layout: ClusterLayout, isIPv6: boolean): Promise<void> {
  const forwards = 'net.ipv6.conf.all.forwarding';
  if (isIPv6 && (await world.processes.run('sysctl', ['-n', forwards])).stdout.trim() !== '1')
    world.log.warn(
      'pods reach addresses of IPv6 outside of the cluster only where the machine passes it on',
      {
        setting: `${forwards}=1`,
      },
    );
  await mustRun(world.processes, 'sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
  await runNft(world.processes, uplinkScript(layout));
}

/** Makes one node: a network namespace on the fabric and a mount namespace of its own. */
export async function createNodeHost(
  world: World,
  cluster: ClusterLayout,
  options: FabricRanges & { index: number; dataDir: string; uplink: 'nat' | 'none' },
): Promise<NodeLayout> {
  const node = nodeLayout(cluster, options.index);
  const isIPv6 = options.podRanges.some((range) => familyOf(range) === ipv6);
  await mustRun(world.processes, 'ip', ['netns', 'add', node.namespace]);
  await ip(world, cluster.fabricNamespace, [
    `link add ${node.link} type veth peer name eth0 netns ${node.namespace}`,
    `link set ${node.link} master br0`,
    `link set ${node.link} up`,
  ]);
  await ip(world, node.namespace, [
    'link set lo up',
    `address add ${node.addresses.IPv4}/24 dev eth0`,
    ...(isIPv6 ? [`address add ${node.addresses.IPv6}/64 dev eth0 nodad`] : []),
    'link set eth0 up',
    ...options.serviceRanges
      .filter((range) => isIPv6 || familyOf(range) === ipv4)
      .map((range) => `route add ${range} ${wayToServices(node, range)}`),
    ...options.podRanges.map((range) => `route add unreachable ${range} metric 4096`),
    ...(options.uplink === 'nat' ? [`route add default via ${cluster.host.IPv4}`] : []),
    ...(options.uplink === 'nat' && isIPv6 ? [`route add default via ${cluster.host.IPv6}`] : []),
  ]);
  const inNet = [`--net=/run/netns/${node.namespace}`, 'sysctl', '-q'];
  for (const setting of forwardingSettings(isIPv6)) {
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

function wayToServices({ addresses }: NodeLayout, range: string): string {
  const family = familyOf(range);
  return serviceWay(family, { device: 'eth0', address: addresses[family.name] });
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
