import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Client } from '../client/client.ts';
import { Informers } from '../client/informers.ts';
import { ListedObjects, type Written } from '../client/testing-lists.ts';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { silentLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { mustRun, type Processes, systemProcesses } from '../platform/processes.ts';
import { systemRandom } from '../platform/random.ts';
import { createNetwork } from './network.ts';

const isRoot = process.getuid?.() === 0 && (await systemFiles.exists('/usr/sbin/nft'));
const namespace = `k8ts-test-net-${process.pid}`;

/** The same programs, inside the test's own network namespace. */
const inside: Processes = {
  run: (command, args, options) =>
    systemProcesses.run('nsenter', [`--net=/run/netns/${namespace}`, command, ...args], options),
  start: () => Promise.reject(new Error('not used')),
};
const ip = (line: string) => mustRun(inside, 'ip', line.split(' '));

const range = (name: string, ...cidrs: string[]): Written => ({
  metadata: { name, resourceVersion: '1' },
  spec: { cidrs },
});
const node = (name: string, address: string, podCIDR: string): Written => ({
  metadata: { name, resourceVersion: '1' },
  spec: { podCIDR },
  ...{ status: { addresses: [{ type: 'InternalIP', address }] } },
});

describe.skipIf(!isRoot)('routes in the kernel (needs root and nft)', () => {
  beforeAll(async () => {
    await mustRun(systemProcesses, 'ip', ['netns', 'add', namespace]);
    await ip('link add eth0 type veth peer name peer');
    await ip('address add 198.19.44.2/24 dev eth0');
    for (const link of ['lo', 'eth0', 'peer']) await ip(`link set ${link} up`);
    // As it is made with the node.
    await ip('route add 10.96.0.0/16 dev eth0 scope link src 198.19.44.2');
  });
  afterAll(async () => void (await mustRun(systemProcesses, 'ip', ['netns', 'delete', namespace])));

  test('a node without a default route has a way to the ranges of Services, those that come later too', async () => {
    const server = new ListedObjects({
      nodes: [node('node-1', '198.19.44.2', '10.244.0.0/24'), node('node-2', '198.19.44.3', '10.244.1.0/24')],
      servicecidrs: [range('kubernetes', '10.96.0.0/16', 'fd00::/112')],
    });
    const platform = { processes: inside, files: new MemoryFiles(), clock: systemClock, log: silentLog };
    const [random, log, clock] = [systemRandom, silentLog, systemClock];
    const informers = new Informers({ client: new Client(server), clock, random, log });
    const stop = new AbortController();
    const network = createNetwork({
      nodeName: 'node-1',
      informers,
      platform,
      cniConfigDir: '/cni',
      cniStateDir: '/cni-state',
      podRanges: ['10.244.0.0/16'],
      mtu: 1500,
    });
    const ended = network.run(stop.signal);
    informers.start(stop.signal);
    const wayTo = async (address: string) => {
      const { code, stdout } = await inside.run('ip', ['-4', 'route', 'get', address]);
      return code === 0 ? stdout.split('\n')[0]?.trim() : undefined;
    };
    const toService = (address: string) => `${address} dev eth0 src 198.19.44.2 uid 0`;
    const becomes = (address: string, way: string | undefined) =>
      vi.waitFor(async () => expect(await wayTo(address)).toBe(way), { timeout: 10_000, interval: 50 });
    await becomes('10.244.1.7', '10.244.1.7 via 198.19.44.3 dev eth0 src 198.19.44.2 uid 0');
    await becomes('10.96.0.1', toService('10.96.0.1'));
    await becomes('10.113.0.1', undefined);
    await server.tell('ADDED', 'servicecidrs', range('later', '10.113.0.0/24'));
    await becomes('10.113.0.1', toService('10.113.0.1'));
    // One that would take the node its own network.
    await server.tell('ADDED', 'servicecidrs', range('mistaken', '198.19.44.0/28'));
    await server.tell('ADDED', 'servicecidrs', range('last', '10.114.0.0/24'));
    await becomes('10.114.0.1', toService('10.114.0.1'));
    expect(await ip('route show 198.19.44.0/28')).toBe('');
    await server.tell('DELETED', 'servicecidrs', range('later', '10.113.0.0/24'));
    await becomes('10.113.0.1', undefined);
    await becomes('10.96.0.1', toService('10.96.0.1'));
    stop.abort();
    await ended;
    await informers.stopped();
  });
});
