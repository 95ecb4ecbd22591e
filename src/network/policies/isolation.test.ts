import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Namespace, Pod } from '../../api/core/v1.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/networking/v1.ts';
import { ipv4, ipv6 } from '../../machinery/address-family.ts';
import { cidrContains } from '../../machinery/ip.ts';
import { compileLabelSelector, matchesLabels } from '../../machinery/label-selector.ts';
import { type AddressedPod, IsolationPlan } from './isolation.ts';
import type { PolicyTable } from './policy-table.ts';

interface Packet {
  from: string;
  to: string;
  protocol: string;
  port: number;
}

const inBlock = (address: string, block: string) => {
  if (block.includes(':') || address.includes(':')) return cidrContains(block, address);
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const [base = '', bits] = block.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
};

/** What the kernel does with one condition of a rule. */
function holds(condition: string, table: PolicyTable, packet: Packet): boolean {
  const { from, to, protocol, port } = packet;
  const [, side, not, what = ''] = /^ip6? ([sd])addr (!= )?(\S+)$/.exec(condition) ?? [];
  if (side) {
    const address = side === 's' ? from : to;
    if (what.startsWith('@')) return table.sets.get(what.slice(1))?.elements.has(address) ?? false;
    return inBlock(address, what) !== Boolean(not);
  }
  const [, name] = /^ip6? daddr \. meta l4proto \. th dport @(\S+)$/.exec(condition) ?? [];
  if (name) return table.sets.get(name)?.elements.has(`${to} . ${protocol} . ${port}`) ?? false;
  const [, list = ''] = /^meta l4proto \. th dport \{ (.*) \}$/.exec(condition) ?? [];
  return list.split(', ').some((element) => {
    const [of, range = ''] = element.split(' . ');
    const [first, last = first] = range.split('-').map(Number);
    return of === protocol && port >= (first as number) && port <= (last as number);
  });
}

/** What the kernel does with a packet. */
function passes(table: PolicyTable, packet: Packet): boolean {
  const within = (chain: string | undefined) => {
    if (!chain) return true;
    for (const rule of table.chains.get(chain) ?? []) {
      if (rule === 'drop') return false;
      const conditions = rule.replace(/ ?return$/, '').split(/ (?=ip6? [sd]addr |meta )(?<!\. )/);
      if (conditions.filter(Boolean).every((condition) => holds(condition, table, packet))) return true;
    }
    throw new Error('a chain has no end');
  };
  if (packet.from === packet.to) return true;
  return within(table.egress.get(packet.from)) && within(table.ingress.get(packet.to));
}

/** The rules of `networking.k8s.io/v1`, one by one, with no care for speed. */
function allowed(world: World, packet: Packet): boolean {
  const find = (address: string) => world.pods.find((found) => found.address === address)?.pod;
  const [source, target] = [find(packet.from), find(packet.to)];
  if (packet.from === packet.to) return true;
  const matches = (selector: LabelSelector | undefined, labels: Record<string, string> | undefined) =>
    matchesLabels(compileLabelSelector(selector ?? {}), labels);
  const about = (pod: Pod | undefined, type: string) =>
    world.policies.filter(
      ({ metadata, spec }) =>
        pod !== undefined &&
        pod.metadata.namespace === metadata.namespace &&
        spec.policyTypes?.includes(type) &&
        matches(spec.podSelector, pod.metadata.labels),
    );
  const isPeer = (peer: NetworkPolicyPeer, namespace: string, address: string) => {
    if (peer.ipBlock)
      return inBlock(address, peer.ipBlock.cidr) && !peer.ipBlock.except?.some((b) => inBlock(address, b));
    const pod = find(address);
    if (!pod || !matches(peer.podSelector, pod.metadata.labels)) return false;
    if (!peer.namespaceSelector) return pod.metadata.namespace === namespace;
    const home = world.namespaces.find(({ metadata }) => metadata.name === pod.metadata.namespace);
    return home !== undefined && matches(peer.namespaceSelector, home.metadata.labels);
  };
  const isPort = ({ protocol = 'TCP', port, endPort }: NetworkPolicyPort) => {
    if (protocol.toLowerCase() !== packet.protocol) return false;
    if (port === undefined) return true;
    if (typeof port === 'number') return packet.port >= port && packet.port <= (endPort ?? port);
    return (target?.spec.containers ?? []).some(({ ports = [] }) =>
      ports.some(
        (p) => p.name === port && p.containerPort === packet.port && (p.protocol ?? 'TCP') === protocol,
      ),
    );
  };
  const lets = (
    peers: NetworkPolicyPeer[] = [],
    ports: NetworkPolicyPort[] = [],
    namespace = '',
    address = '',
  ) =>
    (peers.length === 0 || peers.some((peer) => isPeer(peer, namespace, address))) &&
    (ports.length === 0 || ports.some(isPort));
  const out = about(source, 'Egress');
  const into = about(target, 'Ingress');
  const mayLeave = out.some(({ metadata, spec }) =>
    spec.egress?.some(({ to, ports }) => lets(to, ports, metadata.namespace, packet.to)),
  );
  const mayCome = into.some(({ metadata, spec }) =>
    spec.ingress?.some(({ from, ports }) => lets(from, ports, metadata.namespace, packet.from)),
  );
  return (out.length === 0 || mayLeave) && (into.length === 0 || mayCome);
}

interface World {
  policies: NetworkPolicy[];
  pods: AddressedPod[];
  namespaces: Namespace[];
}

function tableOf(world: World, family = ipv4): PolicyTable {
  const plan = new IsolationPlan(family, world);
  for (const found of world.pods) plan.isolate(found);
  return plan.table;
}

const addressed = (
  address: string,
  namespace: string,
  labels: Record<string, string>,
  ports: { name?: string; containerPort: number; protocol?: string }[] = [],
): AddressedPod => ({
  address,
  pod: {
    metadata: { name: address, namespace, labels },
    spec: { containers: [{ name: 'c', image: 'i', ports }] },
  },
});

const namespaces = ['x', 'y'].map(
  (name): Namespace => ({ metadata: { name, labels: { ns: name } }, spec: {} }),
);

const policy = (spec: NetworkPolicy['spec'], namespace = 'x'): NetworkPolicy => ({
  metadata: { name: 'p', namespace },
  spec,
});

const a = addressed('10.244.0.2', 'x', { pod: 'a' }, [{ name: 'web', containerPort: 80 }]);
const b = addressed('10.244.0.3', 'x', { pod: 'b' }, [{ name: 'web', containerPort: 81 }]);
const c = addressed('10.244.1.2', 'y', { pod: 'a' }, [{ name: 'web', containerPort: 80, protocol: 'UDP' }]);
const everywhere = [a, b, c];
const stranger = '198.19.0.9';

/** Who reaches whom at TCP 80: letters of the senders by the letter of the receiver; `s` is no pod. */
function reached(policies: NetworkPolicy[], port = 80, protocol = 'tcp'): Record<string, string> {
  const table = tableOf({ policies, pods: everywhere, namespaces });
  const all = { a: a.address, b: b.address, c: c.address, s: stranger };
  return Object.fromEntries(
    Object.entries(all).map(([name, to]) => [
      name,
      Object.entries(all)
        .filter(([, from]) => from !== to && passes(table, { from, to, protocol, port }))
        .map(([letter]) => letter)
        .join(''),
    ]),
  );
}

const open = { a: 'bcs', b: 'acs', c: 'abs', s: 'abc' };

describe('pods are isolated', () => {
  test('by nothing where there is no policy', () => {
    expect(reached([])).toEqual(open);
  });

  test('from all who come, where a policy has no rule', () => {
    expect(reached([policy({ podSelector: {}, policyTypes: ['Ingress'] })])).toEqual({
      ...open,
      a: '',
      b: '',
    });
  });

  test('from all they send to, where a policy of that kind has no rule', () => {
    expect(reached([policy({ podSelector: {}, policyTypes: ['Egress'] })])).toEqual({
      a: 'cs',
      b: 'cs',
      c: 's',
      s: 'c',
    });
  });

  test('as the rules say where the kinds are not said', () => {
    expect(reached([policy({ podSelector: {}, egress: [{}] })])).toEqual({ ...open, a: '', b: '' });
    expect(
      reached([policy({ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] })]),
    ).toEqual({
      a: '',
      b: '',
      c: 'abs',
      s: 'c',
    });
  });

  test('but for all where a rule names nobody', () => {
    expect(reached([policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] })])).toEqual(open);
  });

  test('but for what any of several policies lets', () => {
    const from = (pod: string) =>
      policy({
        podSelector: { matchLabels: { pod: 'a' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { pod } } }] }],
      });
    expect(reached([from('b')])).toEqual({ ...open, a: 'b' });
    expect(reached([from('b'), policy({ podSelector: {}, policyTypes: ['Ingress'] })])).toEqual({
      ...open,
      a: 'b',
      b: '',
    });
  });

  test('but for pods of other namespaces that are named, both selectors together or each for itself', () => {
    const ingress = (...from: NetworkPolicyPeer[]) =>
      reached([
        policy({ podSelector: { matchLabels: { pod: 'b' } }, policyTypes: ['Ingress'], ingress: [{ from }] }),
      ]).b;
    const y = { matchLabels: { ns: 'y' } };
    const named = { matchLabels: { pod: 'a' } };
    expect(ingress({ namespaceSelector: y })).toBe('c');
    expect(ingress({ namespaceSelector: {}, podSelector: named })).toBe('ac');
    expect(ingress({ namespaceSelector: y }, { podSelector: named })).toBe('ac');
    expect(ingress({ namespaceSelector: y, podSelector: { matchLabels: { pod: 'b' } } })).toBe('');
    expect(ingress({ podSelector: named })).toBe('a');
  });

  test('but for address ranges without their exceptions', () => {
    const except = ['10.244.0.0/24', '10.244.0.0/30'];
    const from = [{ ipBlock: { cidr: '10.244.0.0/16', except } }, { ipBlock: { cidr: '198.19.0.9/32' } }];
    expect(reached([policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from }] })]).a).toBe(
      'cs',
    );
    const none = [{ ipBlock: { cidr: 'fd00::/8' } }];
    expect(
      reached([policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: none }] })]).a,
    ).toBe('');
  });

  test('but for ports by number, range, protocol and name', () => {
    const to = (ports: NetworkPolicyPort[], port: number, protocol = 'tcp') =>
      reached(
        [
          policy({
            podSelector: { matchLabels: { pod: 'a' } },
            policyTypes: ['Ingress'],
            ingress: [{ ports }],
          }),
        ],
        port,
        protocol,
      ).a;
    expect(to([{ port: 80 }], 80)).toBe('bcs');
    expect(to([{ port: 80 }], 81)).toBe('');
    expect(to([{ port: 80 }], 80, 'udp')).toBe('');
    expect(to([{ protocol: 'UDP' }], 80, 'udp')).toBe('bcs');
    expect(
      to(
        [
          { port: 70, endPort: 90 },
          { port: 80, endPort: 95 },
        ],
        95,
      ),
    ).toBe('bcs');
    expect(to([{ port: 'web' }], 80)).toBe('bcs');
    expect(to([{ port: 'web', protocol: 'UDP' }], 80, 'udp')).toBe('');
    expect(to([{ port: 'none' }], 80)).toBe('');
  });

  test('a name is another port on each pod that is sent to, and none on what is no pod', () => {
    const out = (port: number, to?: NetworkPolicyPeer[]) =>
      reached(
        [
          policy({
            podSelector: { matchLabels: { pod: 'a' } },
            policyTypes: ['Egress'],
            egress: [{ to, ports: [{ port: 'web' }] }],
          }),
        ],
        port,
      );
    expect(out(81)).toEqual({ ...open, b: 'acs', c: 'bs', s: 'bc' });
    expect(out(80)).toEqual({ ...open, b: 'cs', c: 'bs', s: 'bc' });
    // Of a range, what is a pod.
    expect(out(81, [{ ipBlock: { cidr: '0.0.0.0/0' } }])).toEqual({ ...open, b: 'acs', c: 'bs', s: 'bc' });
    expect(out(81, [{ ipBlock: { cidr: '10.244.1.0/24' } }])).toEqual({ ...open, b: 'cs', c: 'bs', s: 'bc' });
  });

  const label = fc.constantFrom('a', 'b', 'c');
  const selector = fc.oneof(
    fc.constant({}),
    label.map((pod) => ({ matchLabels: { pod } })),
    fc
      .record({
        key: fc.constant('pod'),
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.uniqueArray(label, { minLength: 1, maxLength: 2 }),
      })
      .map((expression) => ({ matchExpressions: [expression] })),
  );
  const cidr = fc.constantFrom(
    '0.0.0.0/0',
    '10.244.0.0/16',
    '10.244.1.0/24',
    '10.244.0.2/32',
    '198.19.0.0/16',
    '::/0',
    'fd00:10:244::/48',
    'fd00:10:244:1::/64',
    'FD00:10:244:0::2/128',
    'fd00:198::/32',
  );
  const peer: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof(
    fc.record({ podSelector: selector }),
    fc.record({ namespaceSelector: fc.constantFrom({}, { matchLabels: { ns: 'y' } }) }),
    fc.record({
      podSelector: selector,
      namespaceSelector: fc.constantFrom({}, { matchLabels: { ns: 'x' } }),
    }),
    fc.record({ ipBlock: fc.record({ cidr, except: fc.array(cidr, { maxLength: 2 }) }) }),
  );
  const protocol = fc.constantFrom('TCP', 'UDP');
  const port: fc.Arbitrary<NetworkPolicyPort> = fc.oneof(
    fc.record({ protocol }),
    fc.record({ protocol, port: fc.constantFrom<number | string>(80, 81, 'web') }),
    fc.record({ protocol, port: fc.constantFrom(79, 80), endPort: fc.constantFrom(80, 82) }),
  );
  const peers = fc.array(peer, { maxLength: 2 });
  const ports = fc.array(port, { maxLength: 2 });
  const spec: fc.Arbitrary<NetworkPolicy['spec']> = fc.record({
    podSelector: selector as fc.Arbitrary<LabelSelector>,
    policyTypes: fc.constantFrom<string[]>(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
    ingress: fc.array(fc.record({ from: peers, ports }), { maxLength: 2 }),
    egress: fc.array(fc.record({ to: peers, ports }), { maxLength: 2 }),
  });
  const pod = fc.record({
    namespace: fc.constantFrom('x', 'y'),
    pod: label,
    ports: fc.array(
      fc.record({ name: fc.constant('web'), containerPort: fc.constantFrom(80, 81), protocol }),
      { maxLength: 1 },
    ),
  });

  test('as the rules of the API say, whatever the policies', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(spec, fc.constantFrom('x', 'y')), { minLength: 1, maxLength: 3 }),
        fc.array(pod, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(ipv4, ipv6),
        (specs, some, family) => {
          const at = (i: number) =>
            family === ipv4 ? `10.244.${i % 2}.${i + 2}` : `fd00:10:244:${i % 2}::${i + 2}`;
          const pods = some.map(({ namespace, pod: name, ports: open }, i) =>
            addressed(at(i).replace(':0::', '::'), namespace, { pod: name }, open),
          );
          const world = {
            policies: specs.map(([one, namespace]) => policy(one, namespace)),
            pods,
            namespaces,
          };
          const table = tableOf(world, family);
          const others = family === ipv4 ? stranger : 'fd00:198::9';
          const sides = [...pods.map(({ address }) => address), others];
          for (const from of sides)
            for (const to of sides)
              for (const of of ['tcp', 'udp'])
                for (const number of [79, 80, 81, 82]) {
                  const packet = { from, to, protocol: of, port: number };
                  expect(passes(table, packet), JSON.stringify(packet)).toBe(allowed(world, packet));
                }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('what several policies select alike is one set, and pods that may do the same share a chain', () => {
    const rule = { from: [{ podSelector: { matchLabels: { pod: 'a' } } }] };
    const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [rule] };
    const { sets, chains, ingress } = tableOf({
      policies: [policy(spec), policy(spec)],
      pods: everywhere,
      namespaces,
    });
    expect([sets.size, chains.size, ingress.size]).toEqual([1, 1, 2]);
  });
});
