import { expect, test } from 'vitest';
import { Client } from '../client/client.ts';
import type { Component } from '../client/component.ts';
import { Informers } from '../client/informers.ts';
import { createDns } from '../dns/dns.ts';
import { createHostPorts } from '../network/host-ports.ts';
import { createNetwork } from '../network/network.ts';
import { NetworkPolicies } from '../network/policies/network-policies.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { silentLog } from '../platform/log.ts';
import type { Processes } from '../platform/processes.ts';
import { seededRandom } from '../platform/random.ts';
import { turnsOver } from '../platform/turn.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { nftablesBackend } from '../proxy/nftables.ts';
import { createProxy } from '../proxy/proxy.ts';

const clock = new VirtualClock();
const random = seededRandom(1);
const log = silentLog;
const never = () => new Promise<never>(() => {});
const processes = { run: never } as unknown as Processes;
const platform = { processes, files: new MemoryFiles(), clock, log };

const parts: Record<string, (informers: Informers) => Component> = {
  proxy: (informers) =>
    createProxy({
      nodeName: 'node-1',
      informers,
      podRanges: ['10.244.0.0/16'],
      backend: nftablesBackend(processes),
      health: { listen: never, hosts: { IPv4: '127.0.0.1', IPv6: '::1' }, port: 0 },
      diagnostics: { host: '127.0.0.1', port: 0 },
      events: { record: () => {} },
      clock,
      log,
    }),
  network: (informers) =>
    createNetwork({
      nodeName: 'node-1',
      informers,
      platform,
      cniConfigDir: '/cni',
      cniStateDir: '/cni-state',
      podRanges: ['10.244.0.0/16'],
      mtu: 1500,
    }),
  'host ports': (informers) =>
    createHostPorts({ nodeName: 'node-1', informers, platform, podRanges: ['10.244.0.0/16'] }),
  'network policies': (informers) => new NetworkPolicies({ nodeName: 'node-1', informers, platform }),
  dns: (informers) =>
    createDns({
      informers,
      log,
      random,
      addresses: ['127.0.0.1'],
      port: 0,
      domain: 'cluster.local',
      upstreams: [],
    }),
};

test.each(Object.keys(parts))('%s stops, though the server has never answered', async (name) => {
  const client = new Client({ request: never, watch: never });
  const informers = new Informers({ client, clock, random, log });
  const abort = new AbortController();
  const component = (parts[name] as (typeof parts)[string])(informers);
  let hasEnded = false;
  void component.run(abort.signal).then(() => (hasEnded = true));
  informers.start(abort.signal);
  await turnsOver();
  expect(hasEnded).toBe(false);
  abort.abort();
  await turnsOver();
  expect(hasEnded).toBe(true);
});
