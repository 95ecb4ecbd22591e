import { beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../platform/log.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { keptPodNetwork, largePodNetwork, type PodNetworkSettings, readPodNetwork } from './pod-network.ts';

const cidrs = (settings: PodNetworkSettings) =>
  readPodNetwork(settings).network.ranges.map(({ cidr, nodeBits }) => [cidr, nodeBits]);

describe('the addresses of pods', () => {
  test.each<[string, PodNetworkSettings, [string, number][]]>([
    ['nothing', {}, [['10.244.0.0/16', 24]]],
    ['an empty text', { clusterCidr: '' }, [['10.244.0.0/16', 24]]],
    ['a range', { clusterCidr: '10.0.0.0/8' }, [['10.0.0.0/8', 24]]],
    ['one with bits behind its prefix', { clusterCidr: '10.1.2.3/16' }, [['10.1.0.0/16', 24]]],
    ['one of IPv6', { clusterCidr: 'FD00:10:244::/56' }, [['fd00:10:244::/56', 64]]],
    [
      'one of each family',
      { clusterCidr: '10.244.0.0/16,fd00:10:244::/56' },
      [
        ['10.244.0.0/16', 24],
        ['fd00:10:244::/56', 64],
      ],
    ],
    [
      'with parts of other sizes',
      { clusterCidr: 'fd00::/104,10.0.0.0/20', nodeCidrMaskSizeIpv4: 26, nodeCidrMaskSizeIpv6: 120 },
      [
        ['fd00::/104', 120],
        ['10.0.0.0/20', 26],
      ],
    ],
    ['of one size', { clusterCidr: 'fd00::/104', nodeCidrMaskSize: 112 }, [['fd00::/104', 112]]],
    ['the usual one in other parts', { nodeCidrMaskSizeIpv4: 25 }, [['10.244.0.0/16', 25]]],
    ['one for a single node', { clusterCidr: '10.0.0.0/24' }, [['10.0.0.0/24', 24]]],
  ])('follow from what is said: %s', (_, settings, ranges) => {
    expect(cidrs(settings)).toEqual(ranges);
  });

  // upstream: validateCIDRs and setNodeCIDRMaskSizes of cmd/kube-controller-manager/app, NewCIDRSet of its cidrset
  test.each<[PodNetworkSettings, string]>([
    [{ clusterCidr: 'x' }, 'invalid CIDR[0]: <nil> (invalid CIDR address: x)'],
    [{ clusterCidr: '10.0.0.0/16,' }, 'invalid CIDR[1]: <nil> (invalid CIDR address: )'],
    [
      { clusterCidr: '10.0.0.0/16,10.1.0.0/16' },
      'len of ClusterCIDRs==2 and they are not configured as dual stack (at least one from each IPFamily',
    ],
    [
      { clusterCidr: '10.0.0.0/16,fd00::/56,10.1.0.0/16' },
      'length of clusterCIDRs is:3 more than max allowed of 2',
    ],
    [
      { clusterCidr: '10.0.0.0/16,fd00::/56', nodeCidrMaskSize: 24 },
      'usage of --node-cidr-mask-size is not allowed with dual-stack clusters',
    ],
    [
      { nodeCidrMaskSize: 24, nodeCidrMaskSizeIpv4: 24 },
      'usage of --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6 is not allowed if --node-cidr-mask-size is set',
    ],
    [
      { clusterCidr: 'fd00::/56', nodeCidrMaskSizeIpv4: 24 },
      'usage of --node-cidr-mask-size-ipv4 is not allowed for a single-stack IPv6 cluster',
    ],
    [
      { nodeCidrMaskSizeIpv6: 64 },
      'usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster',
    ],
    [
      { clusterCidr: '10.0.0.0/25' },
      'mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size',
    ],
    [{ clusterCidr: 'fd00::/47' }, 'New CIDR set failed; the node CIDR size is too big'],
    [{ clusterCidr: '10.0.0.0/24', nodeCidrMaskSize: 31 }, 'has no addresses for pods'],
  ])('cannot be %j', (settings, message) => {
    expect(() => readPodNetwork(settings)).toThrow(message);
  });
});

describe('a cluster remembers the addresses of its pods', () => {
  let store: Store;
  let warnings: string[];
  beforeEach(() => {
    store = createMemoryStore({ clock: new VirtualClock() });
    warnings = [];
  });
  const start = async (settings: PodNetworkSettings, usual?: typeof largePodNetwork) => {
    const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
    const { ranges } = await keptPodNetwork(store, readPodNetwork(settings, usual), log);
    return ranges.map(({ cidr }) => cidr).join();
  };

  test('over a start that says nothing', async () => {
    expect(await start({ clusterCidr: 'fd00::/56,10.0.0.0/16' })).toBe('fd00::/56,10.0.0.0/16');
    expect(await start({})).toBe('fd00::/56,10.0.0.0/16');
    expect(warnings).toEqual([]);
  });

  test.each([
    ['others', '10.244.0.0/16', '10.0.0.0/16', '10.244.0.0/16'],
    [
      'the same the other way round',
      '10.0.0.0/16,fd00::/56',
      'fd00::/56,10.0.0.0/16',
      '10.0.0.0/16,fd00::/56',
    ],
    ['one of two', '10.0.0.0/16,fd00::/56', '10.0.0.0/16', '10.0.0.0/16,fd00::/56'],
    ['a smaller one', '10.0.0.0/16', '10.0.0.0/20', '10.0.0.0/16'],
  ])('whatever a start says that nodes could not live by: %s', async (_, before, told, after) => {
    await start({ clusterCidr: before });
    expect(await start({ clusterCidr: told })).toBe(after);
    expect(await start({})).toBe(after);
    expect(warnings).toEqual([
      'the pods of the cluster have other ranges than --cluster-cidr names: they stay',
    ]);
  });

  test.each([
    ['a second family', '10.0.0.0/16', '10.0.0.0/16,fd00::/56'],
    ['a larger one', '10.0.0.0/16', '10.0.0.0/12'],
  ])('but for what nodes can live by: %s', async (_, before, told) => {
    await start({ clusterCidr: before });
    expect(await start({ clusterCidr: told })).toBe(told);
    expect(await start({})).toBe(told);
    expect(warnings).toEqual([]);
  });

  test('which become more for more nodes, unless they are of another place', async () => {
    await start({});
    expect(await start({}, largePodNetwork)).toBe('10.128.0.0/9');
    expect(await start({})).toBe('10.128.0.0/9');
    store = createMemoryStore({ clock: new VirtualClock() });
    await start({ clusterCidr: '10.0.0.0/16' });
    expect(await start({}, largePodNetwork)).toBe('10.0.0.0/16');
    expect(warnings).toEqual([]);
  });

  test('of which two servers that start at once give one word', async () => {
    const told = ['10.0.0.0/16', '10.1.0.0/16'].map((clusterCidr) => start({ clusterCidr }));
    const [one, other] = await Promise.all(told);
    expect(one).toBe(other);
  });
});
