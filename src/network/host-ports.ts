import type { Pod } from '../api/core/v1.ts';
import { pods } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import type { Informers } from '../client/informers.ts';
import {
  type AddressFamily,
  addressFamilies,
  familyOf,
  ipv4,
  plainAddress,
} from '../machinery/address-family.ts';
import type { Platform } from '../platform/platform.ts';
import { orAborted } from '../platform/on-abort.ts';
import { runNft } from '../platform/nft.ts';
import { bridgeName } from './cni.ts';
import { InOrder } from './in-order.ts';

/** The table for ports of the node that pods have. */
export const table = 'k8ts-hostports';

/** A port of the node that leads to a pod. */
export interface HostPort {
  /** The node's address it is open on; all of its family where empty. */
  hostIp: string;
  protocol: 'tcp' | 'udp' | 'sctp';
  hostPort: number;
  podIp: string;
  containerPort: number;
}

/** The addresses that mean all of a family. */
const anyAddress = { IPv4: '0.0.0.0', IPv6: '::' };

/** The address of a family on which a port is open, '' where it is on all; undefined where it is on none. */
function hostIpOf(given: string | undefined, family: AddressFamily): string | undefined {
  if (!given || given === anyAddress[family.name]) return '';
  return plainAddress(given, family);
}

/** The address of a family that a pod has. */
const podIpOf = ({ status }: Pod, family: AddressFamily) =>
  [...(status?.podIPs ?? []).map(({ ip }) => ip), status?.podIP ?? ''].flatMap(
    (ip) => plainAddress(ip, family) ?? [],
  )[0];

/**
 * The ports of the node that running pods ask for, at its addresses of one family; those of pods on the node's own network need no rules.
 */
export function hostPortsOf(all: readonly Pod[], family: AddressFamily): HostPort[] {
  const found = all.flatMap((pod) => {
    const podIp = podIpOf(pod, family);
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (pod.spec.hostNetwork || ended || podIp === undefined) return [];
    const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
    const containers = [...pod.spec.containers, ...sidecars];
    return containers.flatMap((container) =>
      (container.ports ?? []).flatMap((port): HostPort[] => {
        const protocol = (port.protocol ?? 'TCP').toLowerCase() as HostPort['protocol'];
        const hostIp = hostIpOf(port.hostIP, family);
        if (!port.hostPort || !['tcp', 'udp', 'sctp'].includes(protocol) || hostIp === undefined) return [];
        return [{ hostIp, protocol, hostPort: port.hostPort, podIp, containerPort: port.containerPort }];
      }),
    );
  });
  const key = (p: HostPort) => `${p.hostIp} ${p.protocol} ${p.hostPort}`;
  return [...new Map(found.map((port) => [key(port), port])).values()].sort((a, b) =>
    key(a) < key(b) ? -1 : 1,
  );
}

/** The table of a family that opens exactly these ports, made anew in one transaction. */
export function hostPortScript(ports: readonly HostPort[], family: AddressFamily): string {
  const { nft, nftType } = family;
  const head = [`add table ${nft} ${table}`, `delete table ${nft} ${table}`];
  if (ports.length === 0) return `${head.join('\n')}\n`;
  const target = (p: HostPort) => `${p.podIp} . ${p.containerPort}`;
  const anywhere = ports.filter((p) => !p.hostIp).map((p) => `${p.protocol} . ${p.hostPort} : ${target(p)}`);
  const bound = ports
    .filter((p) => p.hostIp)
    .map((p) => `${p.hostIp} . ${p.protocol} . ${p.hostPort} : ${target(p)}`);
  const elements = (list: string[]) => (list.length > 0 ? `elements = { ${list.join(', ')} }` : '');
  // What comes from the loopback address of IPv6 cannot leave the node.
  const spared = family === ipv4 ? '' : '\n    ip6 daddr ::1 return';
  const loopback =
    family === ipv4 ? '\n    ct status dnat ip saddr 127.0.0.0/8 ip daddr @sources masquerade' : '';
  const guard = `
  chain guard { type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }`;
  const rules = `${spared}
    fib daddr type != local return
    dnat ${nft} to ${nft} daddr . meta l4proto . th dport map @bound
    dnat ${nft} to meta l4proto . th dport map @anywhere`;
  return `${head.join('\n')}
table ${nft} ${table} {
  map anywhere { type inet_proto . inet_service : ${nftType} . inet_service
    ${elements(anywhere)}
  }
  map bound { type ${nftType} . inet_proto . inet_service : ${nftType} . inet_service
    ${elements(bound)}
  }
  chain prerouting { type nat hook prerouting priority dstnat + 1; policy accept;${rules}
  }
  chain output { type nat hook output priority -99; policy accept;${rules}
  }
  chain postrouting { type nat hook postrouting priority srcnat + 2; policy accept;
    ct status dnat ${nft} saddr @sources ${nft} daddr @sources masquerade${loopback}
  }${family === ipv4 ? guard : ''}
  set sources { type ${nftType}; elements = { ${[...new Set(ports.map((p) => p.podIp))].join(', ')} }; }
}
`;
}

export interface HostPortsOptions {
  /** Informers of the node itself, which sees its own pods. */
  informers: Informers;
  nodeName: string;
  /** Addresses of all pods, one range a family: ports are open at addresses of the same. */
  podRanges: readonly string[];
  platform: Pick<Platform, 'processes' | 'clock' | 'log'>;
}

/**
 * Whether what the node sends from its loopback addresses may leave by the pods' bridge. Others could then send to these addresses by way of
 * the bridge: the table's `guard` does not let them, so it has to stand while this is on.
 */
async function setLoopback({ processes, log }: HostPortsOptions['platform'], on: boolean): Promise<void> {
  const setting = `net.ipv4.conf.${bridgeName}.route_localnet=${on ? 1 : 0}`;
  const { code, stderr } = await processes.run('sysctl', ['-q', '-w', setting]);
  // Before the first pod there is no bridge.
  if (code !== 0 && on) log.warn('ports of pods are not to be reached at 127.0.0.1', { error: stderr });
}

/** What tells conntrack of the flows of clients that lead elsewhere by now: UDP has no end at which they would choose again. */
export function flowsToForget(before: readonly HostPort[], after: readonly HostPort[]): string[][] {
  const text = (port: HostPort) => JSON.stringify(port);
  const [had, has] = [before, after].map((ports) => new Set(ports.map(text))) as [Set<string>, Set<string>];
  const moved = [...before.filter((p) => !has.has(text(p))), ...after.filter((p) => !had.has(text(p)))];
  const doors = moved
    .filter(({ protocol }) => protocol === 'udp')
    .map(({ hostIp, hostPort }) => [
      ...['-p', 'udp', '--orig-port-dst', String(hostPort)],
      ...(hostIp ? ['--orig-dst', hostIp] : []),
    ]);
  return [...new Map(doors.map((door) => [door.join(' '), door])).values()];
}

/** Opens the ports of the node that its pods ask for. */
export function createHostPorts(options: HostPortsOptions): Component {
  return { name: 'host-ports', run: (signal) => keepHostPorts(options, signal) };
}

/** Opens these ports of a family, and no others. */
async function open(
  ports: readonly HostPort[],
  before: readonly HostPort[],
  { family, platform }: { family: AddressFamily; platform: HostPortsOptions['platform'] },
): Promise<void> {
  if (family === ipv4 && ports.length === 0) await setLoopback(platform, false);
  await runNft(platform.processes, hostPortScript(ports, family));
  if (family === ipv4 && ports.length > 0) await setLoopback(platform, true);
  // Exit code 1 says that there was no such flow.
  for (const flow of flowsToForget(before, ports))
    await platform.processes.run('conntrack', ['-D', '-f', family.name.toLowerCase(), ...flow]);
}

async function keepHostPorts(
  { informers, nodeName, podRanges, platform }: HostPortsOptions,
  signal: AbortSignal,
): Promise<void> {
  const families = addressFamilies.filter((family) => podRanges.some((range) => familyOf(range) === family));
  const informer = informers.of(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  // Rules of an earlier run may stand: the first look always writes.
  const applied = new Map<AddressFamily, readonly HostPort[]>();
  const sync = async () => {
    for (const family of families) {
      const ports = hostPortsOf(informer.list(), family);
      const before = applied.get(family);
      if (before && JSON.stringify(ports) === JSON.stringify(before)) continue;
      await open(ports, before ?? [], { family, platform });
      applied.set(family, ports);
    }
  };
  const { clock, log } = platform;
  const order = new InOrder({ what: 'host ports', sync, clock, log });
  const { changed } = order;
  informer.onChange({ added: changed, deleted: changed, updated: changed });
  await orAborted(informer.synced, signal);
  await order.run(signal);
}
