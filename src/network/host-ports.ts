import type { Pod } from '../api/core/v1.ts';
import { pods } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import type { Informers } from '../client/informers.ts';
import { isPlainIPv4 } from '../machinery/ip.ts';
import type { Platform } from '../platform/platform.ts';
import { orAborted } from '../platform/on-abort.ts';
import { runNft } from '../platform/nft.ts';
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
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
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
    ip daddr 127.0.0.0/8 return
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
  let applied: string | undefined;
  const sync = async () => {
    const script = hostPortScript(hostPortsOf(informer.list()));
    if (script !== applied) await runNft(platform.processes, script);
    applied = script;
  };
  const { clock, log } = platform;
  const order = new InOrder({ what: 'host ports', sync, clock, log });
  const { changed } = order;
  informer.onChange({ added: changed, deleted: changed, updated: changed });
  await orAborted(informer.synced, signal);
  await order.run(signal);
}
