import { describe, expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery/v1.ts';
import { contributionOf } from './contribution.ts';
import { ipv4, ipv6 } from '../machinery/address-family.ts';
import { frontsOf, portsWithoutLocal } from './fronts.ts';
import { staleFlows } from './family-rules.ts';
import type { NodeView } from './node-view.ts';
import { Ruleset } from './ruleset.ts';

/** What `nft` is told. */
const text = (lines: Iterable<string>) => [...lines].join('\n');

const node: NodeView = { name: 'node-1', family: ipv4, addresses: ['198.18.0.2'] };

function service(spec: Partial<Service['spec']> = {}): Service {
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: '10.96.1.1', ports, ...spec },
  };
}

function slice(addresses: string[], more: Partial<Endpoint> = {}): EndpointSlice {
  return {
    metadata: { name: 'web-1', namespace: 'default' },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], nodeName: 'node-1', ...more })),
  };
}

describe('what becomes of a packet', () => {
  test('ready endpoints share it', () => {
    const [front] = frontsOf(service(), [slice(['10.244.1.2', '10.244.1.3'])], node);
    expect(front?.action).toEqual({
      type: 'spread',
      masquerade: 'none',
      pool: 'tcp/80/all',
      backends: [
        { address: '10.244.1.2', port: 8080 },
        { address: '10.244.1.3', port: 8080 },
      ],
    });
  });

  test('it is refused where nobody is there', () => {
    expect(frontsOf(service(), [], node)[0]?.action).toEqual({ type: 'reject' });
    const unready = slice(['10.244.1.2'], { conditions: { ready: false } });
    expect(frontsOf(service(), [unready], node)[0]?.action).toEqual({ type: 'reject' });
  });

  test('where none is ready, those that still serve while ending take it', () => {
    const ending = slice(['10.244.1.2'], { conditions: { ready: false, serving: true, terminating: true } });
    expect(frontsOf(service(), [ending], node)[0]?.action.type).toBe('spread');
  });

  test('local policies drop what only other nodes could serve', () => {
    const away = slice(['10.244.2.2'], { nodeName: 'node-2' });
    const local = service({ internalTrafficPolicy: 'Local' });
    expect(frontsOf(local, [away], node)[0]?.action).toEqual({ type: 'drop' });
    const ported = service({
      externalTrafficPolicy: 'Local',
      ports: [{ name: 'http', port: 80, nodePort: 30080 }],
    });
    const [inside, outside] = frontsOf(ported, [away], node);
    expect(inside?.action.type).toBe('spread');
    expect(outside).toMatchObject({ address: '198.18.0.2', port: 30080, action: { type: 'drop' } });
    expect([inside?.inner, outside?.inner]).toEqual([
      undefined,
      {
        type: 'spread',
        masquerade: 'own',
        pool: 'tcp/80/all',
        backends: [{ address: '10.244.2.2', port: 8080 }],
      },
    ]);
  });

  test('node ports go through this node', () => {
    const ported = service({ ports: [{ name: 'http', port: 80, nodePort: 30080 }] });
    const fronts = frontsOf(ported, [slice(['10.244.1.2'])], node);
    expect(fronts.map((f) => [f.address, f.port, f.action.type === 'spread' && f.action.masquerade])).toEqual(
      [
        ['10.96.1.1', 80, 'none'],
        ['198.18.0.2', 30080, 'all'],
      ],
    );
  });

  test('headless and external names are not the proxy’s', () => {
    expect(frontsOf(service({ clusterIP: 'None' }), [slice(['10.244.1.2'])], node)).toEqual([]);
    expect(frontsOf(service({ type: 'ExternalName' }), [], node)).toEqual([]);
  });

  test.each(['service-proxy-name', 'headless'])(
    'Services and slices with the label %s are left to others, whatever it says',
    (label) => {
      const metadata = { ...service().metadata, labels: { [`service.kubernetes.io/${label}`]: '' } };
      const away = slice(['10.244.1.2']);
      expect(frontsOf({ ...service(), metadata }, [away], node)).toEqual([]);
      const labelled = { ...away, metadata: { ...away.metadata, labels: metadata.labels } };
      expect(frontsOf(service(), [labelled], node)[0]?.action).toEqual({ type: 'reject' });
    },
  );

  test('of two families that of the packets counts, be it the second', () => {
    const both = service({ clusterIP: 'fd00::7', clusterIPs: ['fd00::7', '10.96.1.7'] });
    const six = { ...slice(['fd00:1::2']), addressType: 'IPv6' };
    expect(frontsOf(both, [slice(['10.244.1.2']), six], node)).toMatchObject([
      { address: '10.96.1.7', action: { type: 'spread', backends: [{ address: '10.244.1.2', port: 8080 }] } },
    ]);
  });

  test('a service of IPv6 alone has nothing at those of IPv4, node ports neither', () => {
    const ports = [{ name: 'http', port: 80, nodePort: 30080 }];
    const six = service({
      clusterIP: 'fd00::7',
      clusterIPs: ['fd00::7'],
      ports,
      externalIPs: ['203.0.113.1'],
    });
    expect(frontsOf(six, [{ ...slice(['fd00:1::2']), addressType: 'IPv6' }], node)).toEqual([]);
  });

  describe('at addresses of IPv6', () => {
    const here: NodeView = { ...node, family: ipv6, addresses: ['fd00:198::2'] };
    const six = (addresses: string[], more: Partial<Endpoint> = {}) => ({
      ...slice(addresses, more),
      addressType: 'IPv6',
    });
    const both = service({
      ...{ type: 'LoadBalancer', clusterIP: '10.96.1.7', clusterIPs: ['10.96.1.7', 'fd00::7'] },
      ports: [{ name: 'http', port: 80, nodePort: 30080 }],
      externalIPs: ['203.0.113.1', '2001:DB8:0::1', '2001:db8::1'],
      loadBalancerSourceRanges: ['198.18.0.0/16', ' FD00:198::/32 ', 'fd00:198:1::/48'],
    });
    const ingress = ['203.0.113.9', '2001:db8::9'].map((ip) => ({ ip }));
    both.status = { loadBalancer: { ingress } };

    test('it has its addresses, backends and sources of that family alone, each once', () => {
      const slices = [slice(['10.244.1.2']), six(['FD00:1:0::2'])];
      const seen = frontsOf(both, slices, here).map(({ address, port, sources, action }) => [
        `${address} ${port}`,
        sources,
        action.type === 'spread' && action.backends.map((backend) => backend.address),
      ]);
      const backends = ['fd00:1::2'];
      expect(seen).toEqual([
        ['fd00::7 80', undefined, backends],
        ['2001:db8::1 80', undefined, backends],
        ['2001:db8::9 80', ['fd00:198::/32', '2001:db8::9/128'], backends],
        ['fd00:198::2 30080', undefined, backends],
      ]);
    });

    test('nobody may stand in for endpoints of the other', () => {
      expect(frontsOf(both, [slice(['10.244.1.2'])], here)[0]?.action).toEqual({ type: 'reject' });
      const mixed = six(['10.244.1.2', 'fd00::2%eth0', '::ffff:10.244.1.2']);
      expect(frontsOf(both, [mixed], here)[0]?.action).toEqual({ type: 'reject' });
      expect(frontsOf(service(), [six(['fd00:1::2'])], here)).toEqual([]);
    });

    test('a Service of that family alone is served', () => {
      const alone = service({ clusterIP: 'fd00::7', clusterIPs: ['fd00::7'] });
      expect(frontsOf(alone, [six(['fd00:1::2'])], here).map(({ address }) => address)).toEqual(['fd00::7']);
    });

    test('hints and local policies go by its own endpoints', () => {
      const away = six(['fd00:2::2'], { nodeName: 'node-2' });
      const local = { ...both, spec: { ...both.spec, internalTrafficPolicy: 'Local' } };
      const fronts = frontsOf(local, [slice(['10.244.1.2']), away], here);
      expect(fronts[0]?.action).toEqual({ type: 'drop' });
      expect(portsWithoutLocal(local, fronts, ipv6)).toEqual({ internal: 1, external: 0 });
      const zones = ['a', 'b'].map((name) => six([`fd00:1::${name}`], { hints: { forZones: [{ name }] } }));
      const [front] = frontsOf(both, zones, { ...here, zone: 'b' });
      expect(front?.action).toMatchObject({ backends: [{ address: 'fd00:1::b' }] });
    });
  });

  test('nothing but an address gets into a rule', () => {
    const evil = slice(['10.244.1.2 }; flush ruleset; #']);
    expect(frontsOf(service(), [evil], node)[0]?.action).toEqual({ type: 'reject' });
    expect(frontsOf(service({ clusterIP: '10.96.1.1; drop' }), [slice(['10.244.1.2'])], node)).toEqual([]);
  });
});

describe('whom packets of one node go to, where endpoints say for whom they are', () => {
  const here = { ...node, zone: 'zone-a' };
  type Hints = { zones?: string[]; nodes?: string[]; conditions?: Endpoint['conditions'] };
  const endpoint = (address: string, { zones, nodes, conditions }: Hints): Endpoint => ({
    addresses: [address],
    conditions,
    hints: {
      ...(zones && { forZones: zones.map((name) => ({ name })) }),
      ...(nodes && { forNodes: nodes.map((name) => ({ name })) }),
    },
  });
  const chosen = (endpoints: Endpoint[], spec: Partial<Service['spec']> = {}, at: typeof node = here) => {
    const action = frontsOf(service(spec), [{ ...slice([]), endpoints }], at).at(-1)?.action;
    return action?.type === 'spread' ? action.backends.map((b) => b.address) : action?.type;
  };
  const [one, two, three] = ['10.244.1.1', '10.244.1.2', '10.244.1.3'] as const;
  const zones = [endpoint(one, { zones: ['zone-a'] }), endpoint(two, { zones: ['zone-b'] })];

  test('to those for its zone', () => expect(chosen(zones)).toEqual([one]));

  test('to all where none is for its zone, or it is in none', () => {
    expect(chosen(zones, {}, { ...here, zone: 'zone-c' })).toEqual([one, two]);
    expect(chosen(zones, {}, node)).toEqual([one, two]);
  });

  test('to all where a ready one does not say for whom it is', () => {
    expect(chosen([...zones, endpoint(three, {})])).toEqual([one, two, three]);
  });

  test('one that is not ready is neither asked nor chosen', () => {
    const unready = { ready: false };
    expect(chosen([...zones, endpoint(three, { conditions: unready })])).toEqual([one]);
    const away = [
      endpoint(one, { zones: ['zone-a'], conditions: unready }),
      endpoint(two, { zones: ['zone-b'] }),
    ];
    expect(chosen(away)).toEqual([two]);
  });

  test('to those for the node itself before those for its zone', () => {
    const nodes = [
      endpoint(one, { zones: ['zone-a'], nodes: ['node-2'] }),
      endpoint(two, { zones: ['zone-a'], nodes: ['node-1'] }),
      endpoint(three, { zones: ['zone-b'], nodes: ['node-3'] }),
    ];
    expect(chosen(nodes)).toEqual([two]);
    expect(chosen(nodes, {}, { ...here, name: 'node-9' })).toEqual([one, two]);
    expect(chosen(nodes, {}, { ...here, name: 'node-9', zone: 'zone-c' })).toEqual([one, two, three]);
  });

  test('where none is ready, to all that still serve', () => {
    const ending = { ready: false, serving: true, terminating: true };
    const all = [
      endpoint(one, { zones: ['zone-a'], conditions: ending }),
      endpoint(two, { zones: ['zone-b'], conditions: ending }),
    ];
    expect(chosen(all)).toEqual([one, two]);
  });

  test('where packets stay on their node nobody asks for whom an endpoint is', () => {
    const there = zones.map((e) => ({ ...e, nodeName: 'node-1' }));
    expect(chosen(there, { internalTrafficPolicy: 'Local' })).toEqual([one, two]);
    const ports = [{ name: 'http', port: 80, nodePort: 30080 }];
    expect(chosen(there, { ports })).toEqual([one]);
    expect(chosen(there, { ports, externalTrafficPolicy: 'Local' })).toEqual([one, two]);
  });
});

test.each([
  ['VIP', ['10.96.1.1', '203.0.113.9']],
  [undefined, ['10.96.1.1', '203.0.113.9']],
  // Such a balancer is to see the packets of the cluster itself too.
  ['Proxy', ['10.96.1.1']],
])('a load balancer whose addresses are of the mode %s has these fronts: %j', (ipMode, addresses) => {
  const ingress = [{ ip: '203.0.113.9', ipMode }, { ip: '2001:db8::9', ipMode }, { hostname: 'lb.example' }];
  const balanced = { ...service({ type: 'LoadBalancer' }), status: { loadBalancer: { ingress } } };
  expect(frontsOf(balanced, [slice(['10.244.1.2'])], node).map((front) => front.address)).toEqual(addresses);
});

describe('who may use the addresses of a load balancer', () => {
  const balanced = (loadBalancerSourceRanges: string[], ip = '203.0.113.9'): Service => ({
    ...service({ type: 'LoadBalancer', loadBalancerSourceRanges, externalIPs: ['203.0.113.1'] }),
    status: { loadBalancer: { ingress: [{ ip }] } },
  });
  const sources = (...ranges: string[]) =>
    frontsOf(balanced(ranges), [slice(['10.244.1.2'])], node).map((f) => [f.address, f.sources]);
  const open = [
    ['10.96.1.1', undefined],
    ['203.0.113.1', undefined],
  ];

  test.each([
    ['nobody but those in the ranges', ['192.0.2.0/24', '10.1.2.3/32'], ['192.0.2.0/24', '10.1.2.3/32']],
    ['a range within another says nothing new', ['10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/8'], ['10.0.0.0/8']],
    ['forms of old are ranges too', [' 10.1.2.3/8 ', '192.000.002.000/24'], ['10.0.0.0/8', '192.0.2.0/24']],
    ['a node’s own, the balancer’s among them', ['128.0.0.0/1', '200.0.0.0/8'], ['128.0.0.0/1']],
    [
      'where the node may, the balancer’s own address may',
      ['198.18.0.0/16'],
      ['198.18.0.0/16', '203.0.113.9/32'],
    ],
    ['ranges of the other family do not count', ['2001:db8::/32', '10.0.0.0/8'], ['10.0.0.0/8']],
    ['anybody, where one range holds all', ['10.0.0.0/8', '0.0.0.0/0'], undefined],
    ['anybody, where there are none', [], undefined],
  ] as const)('%s', (_, ranges, allowed) => {
    expect(sources(...ranges)).toEqual([...open, ['203.0.113.9', allowed]]);
  });

  test('packets of others are dropped before they get a backend’s address', () => {
    const rules = new Ruleset(ipv4, '10.244.0.0/16');
    const fronts = frontsOf(balanced(['192.0.2.0/24']), [slice(['10.244.1.2'])], node);
    rules.set('default/web', contributionOf(fronts, '10.96.1.1'));
    const script = text(rules.reload());
    expect(script).toContain('add element ip k8ts-proxy guarded { 203.0.113.9 . tcp . 80 }');
    expect(script).toContain('add element ip k8ts-proxy allowed { 203.0.113.9 . tcp . 80 . 192.0.2.0/24 }');
    expect(script).toMatch(/hook prerouting priority dstnat - 10;.*@guarded .* != @allowed drop/);
  });
});

test('flows of UDP clients are forgotten when their backend goes', () => {
  const dns = (backends: string[]) =>
    [
      {
        address: '10.96.0.10',
        protocol: 'udp',
        port: 53,
        action: {
          type: 'spread',
          masquerade: 'none',
          pool: 'dns',
          backends: backends.map((address) => ({ address, port: 53 })),
        },
      },
    ] as const;
  expect(staleFlows(dns(['10.244.1.2']), dns(['10.244.1.2', '10.244.1.3']))).toEqual([]);
  expect(staleFlows(dns(['10.244.1.2']), dns(['10.244.1.3']))).toEqual([
    { protocol: 'udp', address: '10.96.0.10', port: 53 },
  ]);
  expect(staleFlows(dns(['10.244.1.2']), [])).toHaveLength(1);
});

test('flows of pods are forgotten as well when it is another node’s backend that goes', () => {
  const spread = (...addresses: string[]) => ({
    type: 'spread' as const,
    masquerade: 'none' as const,
    pool: 'dns',
    backends: addresses.map((address) => ({ address, port: 53 })),
  });
  const front = { address: '203.0.113.1', protocol: 'udp', port: 53, action: spread('10.244.1.2') } as const;
  const has = (...inner: string[]) => [{ ...front, inner: spread(...inner) }];
  expect(staleFlows(has('10.244.1.2', '10.244.2.2'), has('10.244.1.2'))).toHaveLength(1);
  expect(staleFlows(has('10.244.1.2'), has('10.244.1.2', '10.244.2.2'))).toEqual([]);
});

describe('a Service of many ports', () => {
  const ports = Array.from({ length: 300 }, (_, i) => ({ name: `p${i}`, port: i + 1, protocol: 'UDP' }));
  const served = (address: string) =>
    frontsOf(service({ ports }), [{ ...slice([address]), ports: ports.map((port) => ({ ...port })) }], node);

  test('has those of its slices looked at a few times each', () => {
    const reads = { count: 0 };
    const watched = { ...slice(['10.244.1.2']), ports: counting(ports, 'name', reads) };
    expect(frontsOf(service({ ports }), [watched], node)).toHaveLength(ports.length);
    expect(reads.count).toBeLessThanOrEqual(4 * ports.length);
  });

  test('has the endpoints of its slices looked at a few times each', () => {
    const reads = { count: 0 };
    const addresses = Array.from({ length: 100 }, (_, i) => `10.244.1.${i}`);
    const endpoints = counting(slice(addresses).endpoints ?? [], 'addresses', reads);
    const fronts = frontsOf(service({ ports }), [{ ...slice([]), ports, endpoints }], node);
    expect(fronts.map(({ action }) => action.type === 'spread' && action.backends.length)).toEqual(
      ports.map(() => 100),
    );
    expect(reads.count).toBeLessThanOrEqual(4 * addresses.length);
  });

  test('has its fronts looked at a few times each to know whose clients lose their backend', () => {
    const reads = { count: 0 };
    const [before, after] = ['10.244.1.2', '10.244.1.3'].map((a) => counting(served(a), 'port', reads));
    expect(staleFlows(before ?? [], after ?? [])).toHaveLength(ports.length);
    expect(reads.count).toBeLessThanOrEqual(8 * ports.length);
  });
});

test('an address and port that several slices tell of is one backend, a ready one where there is one', () => {
  const states = [
    [{ ready: false, serving: true, terminating: true }, { ready: true }],
    [{ ready: true }, { ready: false, serving: true, terminating: true }],
    [{ ready: true }, { ready: true }],
  ];
  for (const conditions of states) {
    const slices = conditions.map((one) => slice(['10.244.1.2'], { conditions: one }));
    const other = { ...slice(['10.244.1.2']), ports: [{ name: 'http', port: 9090, protocol: 'TCP' }] };
    const [front] = frontsOf(service(), [...slices, other], node);
    expect(front?.action.type === 'spread' && front.action.backends).toEqual([
      { address: '10.244.1.2', port: 8080 },
      { address: '10.244.1.2', port: 9090 },
    ]);
  }
});

/** The same objects, of which one field is counted whenever it is read. */
const counting = <T extends object>(objects: readonly T[], field: keyof T, reads: { count: number }): T[] =>
  objects.map((object) =>
    Object.defineProperty({ ...object }, field, {
      enumerable: true,
      get: () => {
        reads.count++;
        return object[field];
      },
    }),
  );
