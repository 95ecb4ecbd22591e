import { expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { cniConfig } from './cni.ts';
import { createNetwork, type NetworkOptions } from './network.ts';
import { ipv4, ipv6 } from '../machinery/address-family.ts';
import { parseRoutes, podRoutes, routeChanges, serviceRoutes } from './routes.ts';

const node = (name: string, address?: string, podCIDR?: string): Node => ({
  metadata: { name },
  spec: { podCIDR },
  status: { addresses: address ? [{ type: 'InternalIP', address }] : [] },
});

test('a node has a way to the pods of every other node whose place is known', () => {
  const nodes = [
    node('a', '198.18.0.2', '10.244.0.0/24'),
    node('b', '198.18.0.3', '10.244.1.0/24'),
    node('new', '198.18.0.4'),
    node('odd', '198.18.0.5; reboot', '10.244.3.0/24'),
    node('high', '198.18.0.256', '10.244.4.0/24'),
    node('octal', '198.018.0.6', '10.244.5.0/24'),
    node('wide', '198.18.0.7', '10.244.6.0/33'),
    node('far', '198.18.0.8', '300.244.6.0/24'),
  ];
  expect([...podRoutes(nodes, 'a', ipv4)]).toEqual([['10.244.1.0/24', 'via 198.18.0.3']]);
  expect([...podRoutes(nodes, 'a', ipv6)]).toEqual([]);
});

test('a node has a way to pods of each family, by the address of the same that their node has', () => {
  const dual = (name: string, addresses: string[], podCIDRs: string[]): Node => ({
    metadata: { name },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  });
  const nodes = [
    dual('a', ['198.18.0.2', '2001:2::2'], ['10.244.0.0/24', 'fd00:10:244::/64']),
    dual('b', ['198.18.0.3', '2001:2:0:0::3'], ['10.244.1.0/24', 'FD00:10:244:1::/64']),
    dual('c', ['2001:2::4', '198.18.0.4'], ['fd00:10:244:2::/64', '10.244.2.0/24']),
    dual('single', ['198.18.0.5'], ['10.244.3.0/24', 'fd00:10:244:3::/64']),
    dual('odd', ['2001:2::6'], ['fd00:10:244:4::/64; reboot', 'fd00:10:244:4::/129']),
  ];
  expect([...podRoutes(nodes, 'a', ipv4)]).toEqual([
    ['10.244.1.0/24', 'via 198.18.0.3'],
    ['10.244.2.0/24', 'via 198.18.0.4'],
    ['10.244.3.0/24', 'via 198.18.0.5'],
  ]);
  expect([...podRoutes(nodes, 'a', ipv6)]).toEqual([
    ['fd00:10:244:1::/64', 'via 2001:2::3'],
    ['fd00:10:244:2::/64', 'via 2001:2::4'],
  ]);
});

test('routes of IPv6 are read as they are written', () => {
  const current = parseRoutes(
    'fd00:10:244:1::/64 via 2001:2::3 dev eth0 metric 1024 pref medium\nfd00:10:96::/112 dev eth0 src 2001:2::2 metric 1024 pref medium\n',
  );
  const place = { device: 'eth0', address: '2001:2::2' };
  const services = serviceRoutes(['fd00:10:96::/112'], ipv6, place);
  expect(routeChanges(current, new Map([...services, ['fd00:10:244:1::/64', 'via 2001:2::3']]))).toEqual([]);
});

test('a node to which there is no way does not keep others from having one', async () => {
  const nodes = [node('a', '198.18.0.2', '10.244.0.0/24'), node('b', '203.0.113.3', '10.244.1.0/24')];
  const informer = { onChange: () => {}, synced: Promise.resolve(), get: () => undefined, list: () => nodes };
  const stop = new AbortController();
  const commands: string[][] = [];
  const run = async (command: string, args: readonly string[]) => {
    commands.push([command, ...args]);
    if (args.includes('-batch')) stop.abort();
    return { code: 0, stdout: '', stderr: '' };
  };
  const options = {
    nodeName: 'a',
    informers: { of: () => informer },
    podRanges: ['10.244.0.0/16'],
    platform: { processes: { run }, clock: new VirtualClock() },
  } as unknown as NetworkOptions;
  await createNetwork(options).run(stop.signal);
  expect(commands.at(-1)).toEqual(['ip', '-force', '-batch', '-']);
});

test('only what differs is changed', () => {
  const current = parseRoutes(
    '10.244.1.0/24 via 198.18.0.3 dev eth0 \n10.244.2.0/24 via 198.18.0.4 dev eth0 \n10.244.4.0/24 via 198.18.0.9 dev eth0\n',
  );
  const wanted = new Map([
    ['10.244.1.0/24', 'via 198.18.0.3'],
    ['10.244.3.0/24', 'via 198.18.0.5'],
    ['10.244.4.0/24', 'via 198.18.0.6'],
  ]);
  expect(routeChanges(current, wanted)).toEqual([
    'route del 10.244.2.0/24 proto 158',
    'route replace 10.244.3.0/24 via 198.18.0.5 proto 158',
    'route replace 10.244.4.0/24 via 198.18.0.6 proto 158',
  ]);
});

test('the plugins are told of the node’s addresses', () => {
  const config = JSON.parse(cniConfig({ podCidrs: ['10.244.1.0/24'], mtu: 1450, stateDir: '/var/lib/cni' }));
  expect(config.plugins[0]).toMatchObject({
    type: 'bridge',
    mtu: 1450,
    ipam: { ranges: [[{ subnet: '10.244.1.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
  });
  const podCidrs = ['fd00:10:244:1::/64', '10.244.1.0/24'];
  const { plugins } = JSON.parse(cniConfig({ podCidrs, mtu: 1450, stateDir: '/var/lib/cni' }));
  expect(plugins[0].ipam).toMatchObject({
    ranges: [[{ subnet: 'fd00:10:244:1::/64' }], [{ subnet: '10.244.1.0/24' }]],
    routes: [{ dst: '::/0' }, { dst: '0.0.0.0/0' }],
  });
});
