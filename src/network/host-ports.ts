import type { Pod } from '../api/core/v1.ts';
import { pods } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import type { Informers } from '../client/informers.ts';
import { isPlainIPv4 } from '../machinery/ip.ts';
import type { Platform } from '../platform/platform.ts';
import { orAborted } from '../platform/on-abort.ts';
import { runNft } from '../platform/nft.ts';
import { bridgeName } from './cni.ts';
import { InOrder } from './in-order.ts';

/** The table for ports of the node that pods have. */
export const table = 'k8ts-hostports';

/** A port of the node that leads to a pod. */
export interface HostPort {
  /** The node's address it is open on; all of them where empty. */
  hostIp: string;
  protocol: 'tcp' | 'udp' | 'sctp';
  hostPort: number;
  podIp: string;
  containerPort: number;
}

/** The ports of the node that running pods ask for; those of pods on the node's own network need no rules. */
export function hostPortsOf(all: readonly Pod[]): HostPort[] {
  const found = all.flatMap((pod) => {
    const podIp = pod.status?.podIP ?? '';
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (pod.spec.hostNetwork || ended || !isPlainIPv4(podIp)) return [];
    const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
    const containers = [...pod.spec.containers, ...sidecars];
    return containers.flatMap((container) =>
      (container.ports ?? []).flatMap((port): HostPort[] => {
        const protocol = (port.protocol ?? 'TCP').toLowerCase() as HostPort['protocol'];
        const hostIp = port.hostIP && port.hostIP !== '0.0.0.0' ? port.hostIP : '';
        if (!port.hostPort || !['tcp', 'udp', 'sctp'].includes(protocol) || (hostIp && !isPlainIPv4(hostIp)))
          return [];
        return [{ hostIp, protocol, hostPort: port.hostPort, podIp, containerPort: port.containerPort }];
      }),
    );
  });
  const key = (p: HostPort) => `${p.hostIp} ${p.protocol} ${p.hostPort}`;
  return [...new Map(found.map((port) => [key(port), port])).values()].sort((a, b) =>
    key(a) < key(b) ? -1 : 1,
  );
}

/** The table that opens exactly these ports, made anew in one transaction. */
export function hostPortScript(ports: readonly HostPort[]): string {
  const head = [`add table ip ${table}`, `delete table ip ${table}`];
  if (ports.length === 0) return `${head.join('\n')}\n`;
  const target = (p: HostPort) => `${p.podIp} . ${p.containerPort}`;
  const anywhere = ports.filter((p) => !p.hostIp).map((p) => `${p.protocol} . ${p.hostPort} : ${target(p)}`);
  const bound = ports
    .filter((p) => p.hostIp)
    .map((p) => `${p.hostIp} . ${p.protocol} . ${p.hostPort} : ${target(p)}`);
  const elements = (list: string[]) => (list.length > 0 ? `elements = { ${list.join(', ')} }` : '');
  const rules = `
    fib daddr type != local return
    dnat ip to ip daddr . meta l4proto . th dport map @bound
    dnat ip to meta l4proto . th dport map @anywhere`;
  return `${head.join('\n')}
table ip ${table} {
  map anywhere { type inet_proto . inet_service : ipv4_addr . inet_service
    ${elements(anywhere)}
  }
  map bound { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
    ${elements(bound)}
  }
  chain prerouting { type nat hook prerouting priority dstnat + 1; policy accept;${rules}
  }
  chain output { type nat hook output priority -99; policy accept;${rules}
  }
  chain postrouting { type nat hook postrouting priority srcnat + 2; policy accept;
    ct status dnat ip saddr @sources ip daddr @sources masquerade
    ct status dnat ip saddr 127.0.0.0/8 ip daddr @sources masquerade
  }
  chain guard { type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
  set sources { type ipv4_addr; elements = { ${[...new Set(ports.map((p) => p.podIp))].join(', ')} }; }
}
`;
}

export interface HostPortsOptions {
  /** Informers of the node itself, which sees its own pods. */
  informers: Informers;
  nodeName: string;
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

async function keepHostPorts(
  { informers, nodeName, platform }: HostPortsOptions,
  signal: AbortSignal,
): Promise<void> {
  const informer = informers.of(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  // Rules of an earlier run may stand: the first look always writes.
  let applied: readonly HostPort[] | undefined;
  const sync = async () => {
    const ports = hostPortsOf(informer.list());
    if (applied && JSON.stringify(ports) === JSON.stringify(applied)) return;
    if (ports.length === 0) await setLoopback(platform, false);
    await runNft(platform.processes, hostPortScript(ports));
    if (ports.length > 0) await setLoopback(platform, true);
    // Exit code 1 says that there was no such flow.
    for (const flow of flowsToForget(applied ?? [], ports))
      await platform.processes.run('conntrack', ['-D', ...flow]);
    applied = ports;
  };
  const { clock, log } = platform;
  const order = new InOrder({ what: 'host ports', sync, clock, log });
  const { changed } = order;
  informer.onChange({ added: changed, deleted: changed, updated: changed });
  await orAborted(informer.synced, signal);
  await order.run(signal);
}
