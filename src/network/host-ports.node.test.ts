import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Client } from '../client/client.ts';
import { Informers } from '../client/informers.ts';
import { ListedObjects, type Written } from '../client/testing-lists.ts';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { silentLog } from '../platform/log.ts';
import { mustRun, type Processes, systemProcesses } from '../platform/processes.ts';
import { systemRandom } from '../platform/random.ts';
import { createHostPorts } from './host-ports.ts';

const isRoot = process.getuid?.() === 0 && (await systemFiles.exists('/usr/sbin/nft'));
const prefix = `k8ts-test-hp-${process.pid}`;
/** Pods of a node, and a machine outside. */
const places = { a: '10.244.0.2', b: '10.244.0.3', out: '198.19.43.2' };
type Place = keyof typeof places;
const nodeAddress = '198.19.43.1';

const within = (place: Place | 'node', command: string, ...args: string[]) =>
  mustRun(systemProcesses, 'nsenter', [`--net=/run/netns/${prefix}-${place}`, command, ...args]);
const ip = (place: Place | 'node', line: string) => within(place, 'ip', ...line.split(' '));
const onNode: Processes = {
  run: (command, args, options) =>
    systemProcesses.run('nsenter', [`--net=/run/netns/${prefix}-node`, command, ...args], options),
  start: () => Promise.reject(new Error('not used')),
};

const serve = (name: string) => `
  net.createServer((socket) => socket.on('error', () => {}).end('${name} tcp')).listen(8080, () => console.log('ready'));
  const udp = dgram.createSocket('udp4').bind(8080);
  udp.on('message', (_, from) => udp.send('${name} udp', from.port, from.address));`;

/** What comes from an address; from one port by UDP. */
const question = (protocol: string, to: string, port: number, from?: string) =>
  protocol === 'tcp'
    ? `const socket = net.connect({ host: '${to}', port: ${port}, timeout: 700, localAddress: ${JSON.stringify(from)} });
       socket.on('data', (text) => console.log(String(text))).on('error', (e) => console.log(e.code));
       socket.on('timeout', () => (socket.destroy(), console.log('silence')));`
    : `const socket = dgram.createSocket('udp4').bind(40000, ${JSON.stringify(from)});
       socket.on('message', (text) => (console.log(String(text)), process.exit())).on('error', (e) => console.log(e.code));
       socket.send('?', ${port}, '${to}'); setTimeout(() => (console.log('silence'), process.exit()), 700);`;

const ask = async (place: Place | 'node', protocol: string, to: string, port: number, from?: string) =>
  (await within(place, process.execPath, '-e', question(protocol, to, port, from))).trim();

const pod = (name: string, podIP: string, ...ports: object[]): Written => ({
  metadata: { name, namespace: 'default', resourceVersion: '1' },
  spec: {
    nodeName: 'node-1',
    containers: [
      { name: 'c', ports: ports.map((port) => ({ containerPort: 8080, protocol: 'TCP', ...port })) },
    ],
  },
  ...{ status: { podIP, phase: 'Running' } },
});

describe.skipIf(!isRoot)('ports of a node in the kernel (needs root and nft)', () => {
  const servers: ChildProcess[] = [];

  beforeAll(async () => {
    for (const name of ['node', ...Object.keys(places)])
      await mustRun(systemProcesses, 'ip', ['netns', 'add', `${prefix}-${name}`]);
    await ip('node', 'link set lo up');
    await ip('node', 'link add cni0 type bridge');
    for (const name of Object.keys(places) as Place[]) {
      await ip('node', `link add v-${name} type veth peer name eth0 netns ${prefix}-${name}`);
      await ip('node', `link set v-${name} up`);
      if (name !== 'out') await ip('node', `link set v-${name} master cni0`);
      if (name !== 'out') await ip('node', `link set v-${name} type bridge_slave hairpin on`);
      await ip(name, 'link set lo up');
      await ip(name, `address add ${places[name]}/24 dev eth0`);
      await ip(name, 'link set eth0 up');
      await ip(name, `route add default via ${name === 'out' ? nodeAddress : '10.244.0.1'}`);
    }
    await ip('node', 'link set cni0 up');
    await ip('node', 'address add 10.244.0.1/24 dev cni0');
    await ip('node', `address add ${nodeAddress}/24 dev v-out`);
    for (const setting of ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'])
      await within('node', 'sysctl', '-q', '-w', setting);
    for (const name of ['a', 'b'] as const) {
      const inside = `--net=/run/netns/${prefix}-${name}`;
      const server = spawn('nsenter', [inside, process.execPath, '-e', serve(name)]);
      servers.push(server);
      await once(server.stdout, 'data');
    }
  });
  afterAll(async () => {
    for (const server of servers) server.kill('SIGKILL');
    for (const name of ['node', ...Object.keys(places)])
      await mustRun(systemProcesses, 'ip', ['netns', 'delete', `${prefix}-${name}`]);
  });

  test('lead to the pods that ask for them, by address and protocol, also from the node to itself', async () => {
    const server = new ListedObjects({
      pods: [
        pod('a', places.a, { hostPort: 5000, hostIP: '127.0.0.1' }, { hostPort: 5001 }),
        pod(
          'b',
          places.b,
          { hostPort: 5000, hostIP: nodeAddress },
          { hostPort: 5000, hostIP: nodeAddress, protocol: 'UDP' },
        ),
      ],
    });
    const [clock, random, log] = [systemClock, systemRandom, silentLog];
    const informers = new Informers({ client: new Client(server), clock, random, log });
    const stop = new AbortController();
    const platform = { processes: onNode, clock, log };
    const ended = createHostPorts({
      informers,
      nodeName: 'node-1',
      podRanges: ['10.244.0.0/16'],
      platform,
    }).run(stop.signal);
    informers.start(stop.signal);
    await vi.waitFor(async () => expect(await ask('out', 'tcp', nodeAddress, 5001)).toBe('a tcp'), 10_000);
    expect(await ask('out', 'tcp', nodeAddress, 5000)).toBe('b tcp');
    expect(await ask('node', 'tcp', nodeAddress, 5000)).toBe('b tcp');
    // As a process of the node asks that has bound its address, and as one that has not.
    expect(await ask('node', 'tcp', '127.0.0.1', 5000, nodeAddress)).toBe('a tcp');
    expect(await ask('node', 'tcp', '127.0.0.1', 5000)).toBe('a tcp');
    expect(await ask('node', 'tcp', '127.0.0.1', 5001)).toBe('a tcp');
    expect(await ask('node', 'tcp', '127.0.0.1', 8080)).toBe('ECONNREFUSED');
    // A pod reaches itself by the node.
    expect(await ask('a', 'tcp', nodeAddress, 5001)).toBe('a tcp');
    expect(await ask('out', 'udp', nodeAddress, 5000)).toBe('b udp');
    // The port goes over to another pod while a client goes on from its own.
    await server.tell('DELETED', 'pods', pod('b', places.b));
    const next = pod('next', places.a, { hostPort: 5000, hostIP: nodeAddress, protocol: 'UDP' });
    await server.tell('ADDED', 'pods', next);
    await vi.waitFor(async () => expect(await ask('out', 'udp', nodeAddress, 5000)).toBe('a udp'), 10_000);
    expect(await loopback()).toBe('1');
    await nobodyReachesLoopback();
    // Without ports there is nothing that stands between, and nothing is open.
    await server.tell('DELETED', 'pods', next);
    await server.tell('DELETED', 'pods', pod('a', places.a));
    await vi.waitFor(async () => expect(await loopback()).toBe('0'), 10_000);
    stop.abort();
    await ended;
    await informers.stopped();
  });

  const loopback = async () =>
    (await within('node', 'sysctl', '-n', 'net.ipv4.conf.cni0.route_localnet')).trim();

  /** Not even who sends what no machine should: it does not come as far as the node's own sockets. */
  async function nobodyReachesLoopback() {
    const probe = 'add table ip probe; add chain ip probe in { type filter hook input priority 0; }';
    await within('node', 'nft', `${probe}; add rule ip probe in iifname cni0 ip daddr 127.0.0.1 counter`);
    await ip('a', 'address del 127.0.0.1/8 dev lo');
    await ip('a', 'route add 127.0.0.0/8 via 10.244.0.1 dev eth0 src 10.244.0.2');
    await within('a', 'sysctl', '-q', '-w', 'net.ipv4.conf.all.route_localnet=1');
    expect(await ask('a', 'tcp', '127.0.0.1', 9000)).toBe('silence');
    expect(await within('node', 'nft', 'list', 'table', 'ip', 'probe')).toContain('counter packets 0');
    await within('node', 'nft', 'delete', 'table', 'ip', 'probe');
  }
});
