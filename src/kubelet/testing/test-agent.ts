import { readFileSync } from 'node:fs';
import { Client } from '../../client/client.ts';
import { systemDialer } from '../../platform/dial.ts';
import { systemHostCalls } from '../../platform/host-calls.ts';
import { createLog, formatLogLine } from '../../platform/log.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemPlatform } from '../../platform/platform.ts';
import { createKubelet } from '../kubelet.ts';
import { linuxHost } from '../node/linux-host.ts';
import { CriRuntime } from '../runtimes/containerd/runtime.ts';
import { StdioTransport } from './test-stdio.ts';

/** A kubelet as a program of its own, for tests in namespaces: settings in a file, the API on its pipes. */
interface Settings {
  socketPath: string;
  directory: string;
  cgroupRoot: string;
  address: string;
  sandboxImage?: string;
}

const settings = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as Settings;
const write = (line: Parameters<typeof formatLogLine>[0]) =>
  void process.stderr.write(`${formatLogLine(line)}\n`);
const platform = systemPlatform(createLog({ clock: systemClock, level: 'debug', write }));
const runtime = new CriRuntime({
  socketPath: settings.socketPath,
  platform,
  sandboxImage: settings.sandboxImage,
  cdiDirs: [`${settings.directory}/cdi`],
});
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await createKubelet({
  client: new Client(new StdioTransport(process.stdin, process.stdout)),
  runtime,
  platform,
  host: await linuxHost(platform, systemHostCalls),
  dialer: systemDialer,
  nodeName: 'n1',
  dirs: {
    root: `${settings.directory}/kubelet`,
    logs: `${settings.directory}/pod-logs`,
    staticPods: `${settings.directory}/manifests`,
    plugins: `${settings.directory}/kubelet/plugins_registry`,
  },
  node: { addresses: [{ type: 'InternalIP', address: settings.address }] },
  cluster: { dnsServers: ['10.96.0.10'], domain: 'cluster.local' },
  cgroupRoot: settings.cgroupRoot,
  maxPidsPerPod: 500,
}).run(stop.signal);
await runtime.close();
process.exit(0);
