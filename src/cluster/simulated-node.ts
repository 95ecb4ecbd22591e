import { Client } from '../client/client.ts';
import type { Transport } from '../client/transport.ts';
import { createKubelet } from '../kubelet/kubelet.ts';
import { simulatedHost, simulatedIntervals } from '../kubelet/node/simulated-host.ts';
import type { ServingTls } from '../kubelet/server/serving-tls.ts';
import { SimulatedRuntime } from '../kubelet/runtimes/simulated/runtime.ts';
import { listenHttps } from '../platform/http-server.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import type { Platform } from '../platform/platform.ts';
import { simulatedAddresses } from './hosts/layout.ts';
import { network } from './options.ts';
import { type RunningComponents, runComponents } from './run-components.ts';

export interface SimulatedNodeOptions {
  name: string;
  /** The way to the API server as `system:node:NAME`. */
  transport: Transport;
  platform: Platform;
  /** The node's addresses, at most one of a family; 127.0.0.1 unless given. */
  addresses?: readonly string[];
  /** Serves logs and the like on a free port of the first; not served where absent. */
  serving?: ServingTls;
  /** Where cluster DNS answers. */
  dnsAddress: string;
  /** Called once the API server has the Node. */
  onRegistered?: () => void;
}

/** What pods expect to find on any machine. */
const usualDirs = [
  '/dev',
  '/etc',
  '/lib/modules',
  '/proc',
  '/run',
  '/sys/fs/cgroup',
  '/usr',
  '/var/lib',
  '/var/log',
];

/**
 * No real command begins at once, and kubectl before 1.33 loses what one prints before it is ready to hear it: "Unknown stream id 1,
 * discarding message".
 */
const latencies = { execMs: 20 };

/** A node that is not there: its kubelet is real, its containers and its disk are not. */
export async function startSimulatedNode(options: SimulatedNodeOptions): Promise<RunningComponents> {
  const {
    name,
    transport,
    serving,
    addresses = [simulatedAddresses.IPv4],
    dnsAddress,
    onRegistered,
  } = options;
  const files = new MemoryFiles();
  for (const dir of usualDirs) await files.makeDir(dir);
  const platform = { ...options.platform, files };
  const { clock, random } = platform;
  const server = serving && { host: addresses[0] as string, port: 0, tls: serving, listen: listenHttps };
  const runtime = new SimulatedRuntime({ clock, random, files, latencies });
  const kubelet = createKubelet({
    client: new Client(transport),
    runtime,
    platform,
    host: simulatedHost({ nodeName: name, cpus: 4, memoryBytes: 16 * 2 ** 30, diskBytes: 2 ** 38, files }),
    dialer: runtime.dialer,
    nodeName: name,
    dirs: { root: '/var/lib/kubelet', logs: '/var/log/pods' },
    node: {
      addresses: [
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
    },
    cluster: { dnsServers: [dnsAddress], domain: network.domain },
    server,
    intervals: simulatedIntervals,
    onRegistered,
  });
  return runComponents([kubelet], platform);
}
