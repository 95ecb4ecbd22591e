import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery/v1.ts';
import { ipv6 } from '../machinery/address-family.ts';
import { systemFiles } from '../platform/files.ts';
import { mustRun } from '../platform/processes.ts';
import { contributionOf } from './contribution.ts';
import { proxiedAddress } from './endpoints.ts';
import { staleFlows } from './family-rules.ts';
import { type Front, frontsOf } from './fronts.ts';
import type { NodeView } from './node-view.ts';
import { nftablesBackend } from './nftables.ts';
import { Ruleset } from './ruleset.ts';
import { PacketWorld, type Place, testNetworks } from './testing-packets.ts';

const isRoot = process.getuid?.() === 0 && (await systemFiles.exists('/usr/sbin/nft'));
const hasIPv6 = await systemFiles.exists('/proc/sys/net/ipv6');
const networks = testNetworks.filter(({ family }) => hasIPv6 || family !== ipv6);
const world = new PacketWorld(`k8ts-test-px-${process.pid}`, networks);
const backend = nftablesBackend(world.onNode);
const ask = world.ask.bind(world);
/** Who answers. */
const who = async (...args: Parameters<typeof ask>) => (await ask(...args)).split(' ')[0];

beforeAll(async () => void (isRoot && (await world.begin())));
afterAll(async () => void (isRoot && (await world.end())));

describe.skipIf(!isRoot).each(networks)(
  'packets of Services in the kernel, $family.name (needs root and nft)',
  (network) => {
    const { family, podRange, places, clusterAddress, balancer, external, nobody } = network;
    const node: NodeView = { name: 'node-1', family, addresses: [places.out.gateway] };

    function service(spec: Partial<Service['spec']> = {}, protocol = 'TCP'): Service {
      return {
        metadata: { name: 'web', namespace: 'default' },
        spec: { clusterIP: clusterAddress, ports: [{ name: 'x', port: 80, protocol }], ...spec },
        status: { loadBalancer: { ingress: [{ ip: balancer }] } },
      };
    }

    const at = (place: Place, conditions: Endpoint['conditions'] = {}): Endpoint => ({
      addresses: [places[place].address],
      nodeName: place === 'far' ? 'node-2' : 'node-1',
      conditions,
    });

    const slice = (endpoints: Endpoint[], protocol = 'TCP'): EndpointSlice => ({
      metadata: { name: 'web-1', namespace: 'default' },
      addressType: family.name,
      ports: [{ name: 'x', port: 8080, protocol }],
      endpoints,
    });

    /** A proxy of one Service. */
    class OneService {
      readonly #rules = new Ruleset(family, podRange);
      #fronts: Front[] = [];

      async set(of: Service, endpoints: Endpoint[], protocol = 'TCP'): Promise<void> {
        const fronts = frontsOf(of, [slice(endpoints, protocol)], node);
        const stale = staleFlows(this.#fronts, fronts);
        this.#fronts = fronts;
        this.#rules.set('default/web', contributionOf(fronts, proxiedAddress(of, family)));
        await backend.apply(`${[...this.#rules.takeChanges()].join('\n')}\n`);
        await backend.forgetFlows(stale);
      }
    }

    afterEach(() => backend.remove());

    test('a pod sees who asks by the cluster address, also on another node', async () => {
      const proxy = new OneService();
      await proxy.set(service(), [at('far')]);
      expect(await ask('a', clusterAddress)).toBe(`far ${places.a.address}`);
      await proxy.set(service(), [at('b')]);
      expect(await ask('a', clusterAddress)).toBe(`b ${places.a.address}`);
    });

    test('a pod reaches itself by its Service', async () => {
      await new OneService().set(service(), [at('a')]);
      expect(await ask('a', clusterAddress)).toMatch(/^a /);
      expect(await ask('b', clusterAddress)).toBe(`a ${places.b.address}`);
    });

    test('a pod on the network of its node is reached, where traffic has to stay there too', async () => {
      const own: Endpoint = { addresses: [...node.addresses], nodeName: node.name };
      const proxy = new OneService();
      for (const internalTrafficPolicy of ['Cluster', 'Local']) {
        await proxy.set(service({ internalTrafficPolicy }), [own]);
        expect(await ask('a', clusterAddress)).toBe(`node ${places.a.address}`);
        expect(await who('node', clusterAddress)).toBe('node');
        expect(await who('out', clusterAddress)).toBe('node');
      }
    });

    test('who asks for a cluster address from outside is answered by way of this node', async () => {
      await new OneService().set(service(), [at('far')]);
      expect(await ask('out', clusterAddress)).toBe(`far ${places.far.gateway}`);
      expect(await ask('a', clusterAddress)).toBe(`far ${places.a.address}`);
    });

    test('nobody answers in the place of a Service that is not there, as the ranges of Services change', async () => {
      const [around, larger, other] = network.ranges;
      await world.ip('out', `address add ${nobody}/${family.bits} dev lo`);
      const rules = new Ruleset(family, podRange);
      const follow = async (ranges: string[], answer: string) => {
        rules.setServiceRanges(ranges);
        await backend.apply(`${[...rules.takeChanges()].join('\n')}\n`);
        for (const from of ['a', 'node'] as const)
          expect(await who(from, nobody, 8080), String(ranges)).toBe(answer);
      };
      await follow([], 'out');
      await follow([around, other], 'silence');
      await follow([other], 'out');
      await follow([larger], 'silence');
      await world.ip('out', `address del ${nobody}/${family.bits} dev lo`);
    });

    test('leave with the priority that they had, whoever sends them', async () => {
      await new OneService().set(service(), [at('far')]);
      const probe = `table ${family.nft} probe { chain last { type filter hook postrouting priority 300; meta priority != 0 counter; }; }`;
      await mustRun(world.onNode, 'nft', ['-f', '-'], { input: probe });
      try {
        for (const from of ['a', 'node'] as const) expect(await who(from, clusterAddress)).toBe('far');
        expect(await mustRun(world.onNode, 'nft', ['list', 'table', family.nft, 'probe'])).toContain(
          'counter packets 0 ',
        );
      } finally {
        await mustRun(world.onNode, 'nft', ['delete', 'table', family.nft, 'probe']);
      }
    });

    test('an address that no node has leads to the Service, from within and from outside', async () => {
      await new OneService().set(service({ externalIPs: [external] }), [at('far')]);
      for (const from of ['a', 'node', 'out'] as const) expect(await who(from, external), from).toBe('far');
    });

    test('refused without endpoints, at once; where all are on other nodes and must not be used, silence', async () => {
      const proxy = new OneService();
      await proxy.set(service(), []);
      expect(await ask('a', clusterAddress)).toBe('ECONNREFUSED');
      expect(await ask('node', clusterAddress)).toBe('ECONNREFUSED');
      await proxy.set(service({ internalTrafficPolicy: 'Local' }), [at('far')]);
      expect(await ask('a', clusterAddress)).toBe('silence');
      expect(await ask('node', clusterAddress)).toBe('silence');
      await proxy.set(service({ internalTrafficPolicy: 'Local' }), [at('far'), at('b')]);
      for (const from of ['a', 'node', 'a', 'node'] as const)
        expect(await who(from, clusterAddress)).toBe('b');
    });

    describe('external traffic that stays on its node', () => {
      const local = (more: Partial<Service['spec']> = {}) =>
        service({
          type: 'LoadBalancer',
          externalTrafficPolicy: 'Local',
          ports: [{ name: 'x', port: 80, nodePort: 30_080 }],
          ...more,
        });
      const doors: [string, number][] = [
        [balancer, 80],
        [places.out.gateway, 30_080],
      ];

      test('has the client’s address', async () => {
        await new OneService().set(local(), [at('far'), at('b')]);
        for (const [host, port] of [...doors, ...doors])
          expect(await ask('out', host, port)).toBe(`b ${places.out.address}`);
      });

      test('is silent where no endpoint is here, but pods and the node itself get to those elsewhere', async () => {
        await new OneService().set(local(), [at('far')]);
        for (const [host, port] of doors) {
          expect(await ask('out', host, port)).toBe('silence');
          expect(await ask('a', host, port)).toBe(`far ${places.a.address}`);
          expect(await ask('node', host, port)).toBe(`far ${places.far.gateway}`);
        }
      });

      test('pods with affinity too', async () => {
        await new OneService().set(local({ sessionAffinity: 'ClientIP' }), [at('far')]);
        for (const [host, port] of doors) {
          expect(await ask('out', host, port)).toBe('silence');
          expect(await ask('a', host, port)).toBe(`far ${places.a.address}`);
        }
      });

      test('goes to endpoints that end while no other is here, and to none that is gone', async () => {
        const ending = { ready: false, serving: true, terminating: true };
        const proxy = new OneService();
        await proxy.set(local(), [at('far'), at('b', ending)]);
        expect(await ask('out', balancer)).toBe(`b ${places.out.address}`);
        for (let i = 0; i < 5; i++) expect(await who('a', balancer)).toBe('far');
        await proxy.set(local(), [at('far'), at('b', ending), at('a')]);
        for (let i = 0; i < 5; i++) expect(await who('out', balancer)).toBe('a');
        await proxy.set(local({ externalTrafficPolicy: 'Cluster' }), [at('far')]);
        expect(await ask('out', balancer)).toBe(`far ${places.far.gateway}`);
      });
    });

    test('a client stays with its pod until it was silent for as long as that is asked for', async () => {
      const sticky = (timeoutSeconds: number) =>
        service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } });
      const proxy = new OneService();
      const all = [at('b'), at('far')];
      await proxy.set(sticky(2), all);
      const first = await who('a', clusterAddress);
      // Longer than the time in all, but never silent for it.
      for (let i = 0; i < 12; i++) {
        await new Promise((done) => setTimeout(done, 250));
        expect(await who('a', clusterAddress)).toBe(first);
      }
      const isAnother = async () => {
        await new Promise((done) => setTimeout(done, 2300));
        return (await who('a', clusterAddress)) !== first;
      };
      let changes = false;
      for (let i = 0; i < 20 && !changes; i++) changes = await isAnother();
      expect(changes).toBe(true);
    }, 90_000);

    test('a client whose pod goes gets another, and stays with that', async () => {
      const sticky = service({ sessionAffinity: 'ClientIP' });
      const proxy = new OneService();
      await proxy.set(sticky, [at('b'), at('far')]);
      const first = (await who('a', clusterAddress)) as Place;
      const other = first === 'b' ? 'far' : 'b';
      await proxy.set(sticky, [at(other)]);
      expect(await who('a', clusterAddress)).toBe(other);
      await proxy.set(sticky, [at('b'), at('far')]);
      for (let i = 0; i < 10; i++) expect(await who('a', clusterAddress)).toBe(other);
      await proxy.set(service(), [at('b'), at('far')]);
      const seen = new Set<string | undefined>();
      for (let i = 0; i < 40 && seen.size < 2; i++) seen.add(await who('a', clusterAddress));
      expect(seen.size).toBe(2);
    });

    test('what belongs to no connection is not sent on to a pod, which would end one by it', async () => {
      await new OneService().set(service(), []);
      const serve = `const server = net.createServer((s) => {
        s.on('error', () => {});
        process.stdin.once('data', () => s.resetAndDestroy());
      }).listen(8081, () => console.log('listening'));`;
      const join = `const socket = net.connect(8081, '${places.far.address}', () => console.log('open'));
      socket.on('error', (e) => console.log(e.code));`;
      const start = (place: Place, code: string) =>
        spawn('nsenter', [`--net=/run/netns/${world.namespaceOf(place)}`, process.execPath, '-e', code]);
      const server = start('far', serve);
      const lines = (from: ChildProcessWithoutNullStreams) =>
        createInterface({ input: from.stdout })[Symbol.asyncIterator]();
      let client: ChildProcessWithoutNullStreams | undefined;
      try {
        expect((await lines(server).next()).value).toBe('listening');
        client = start('a', join);
        const said = lines(client);
        expect((await said.next()).value).toBe('open');
        await mustRun(world.onNode, 'conntrack', [
          ...(family === ipv6 ? ['-f', 'ipv6'] : []),
          '-D',
          '-p',
          'tcp',
          '--orig-dst',
          places.far.address,
        ]);
        server.stdin.write('now');
        const silence = new Promise((done) => setTimeout(done, 1000, 'nothing'));
        expect(await Promise.race([said.next().then(({ value }) => value), silence])).toBe('nothing');
      } finally {
        for (const one of [server, client]) one?.kill('SIGKILL');
      }
    });

    describe('UDP from one port of a client', () => {
      const udp = (more: Partial<Service['spec']> = {}) =>
        service({ ports: [{ name: 'x', port: 80, nodePort: 30_080, protocol: 'UDP' }], ...more }, 'UDP');
      const doors: [Place, string, number][] = [
        ['a', clusterAddress, 80],
        ['out', places.out.gateway, 30_080],
      ];

      test.each(doors)(
        '%s at %s:%i: gets another pod when its own goes, and one that comes after none',
        async (from, host, port) => {
          const proxy = new OneService();
          await proxy.set(udp(), [at('b')], 'UDP');
          expect(await who(from, host, port, 'udp')).toBe('b');
          await proxy.set(udp(), [at('far')], 'UDP');
          expect(await who(from, host, port, 'udp')).toBe('far');
          await proxy.set(udp(), [], 'UDP');
          expect(await who(from, host, port, 'udp')).not.toBe('far');
          await proxy.set(udp(), [at('b')], 'UDP');
          expect(await who(from, host, port, 'udp')).toBe('b');
        },
      );

      test('of pods that get to endpoints elsewhere, too', async () => {
        const local = udp({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
        const proxy = new OneService();
        await proxy.set(local, [at('far')], 'UDP');
        expect(await who('a', balancer, 80, 'udp')).toBe('far');
        await proxy.set(local, [at('b')], 'UDP');
        expect(await who('a', balancer, 80, 'udp')).toBe('b');
      });
    });
  },
);

describe.skipIf(!isRoot || !hasIPv6)('a Service of both families in the kernel (needs root and nft)', () => {
  const clusterIPs = networks.map(({ clusterAddress }) => clusterAddress);
  const both: Service = {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      ...{ clusterIP: clusterIPs[0], clusterIPs, ipFamilies: ['IPv4', 'IPv6'] },
      externalIPs: networks.map(({ external }) => external),
      ports: [{ name: 'x', port: 80, nodePort: 30_080 }],
    },
  };
  const slicesOf = (place: Place) =>
    networks.map(
      ({ family, places }): EndpointSlice => ({
        metadata: { name: `web-${family.name}`, namespace: 'default' },
        addressType: family.name,
        ports: [{ name: 'x', port: 8080, protocol: 'TCP' }],
        endpoints: [{ addresses: [places[place].address], nodeName: 'node-1' }],
      }),
    );

  test('is reached by all of its addresses, each leading to those of its family', async () => {
    const slices = [slicesOf('b'), slicesOf('far')].map(([four], i) => [
      four,
      slicesOf(i === 0 ? 'far' : 'b')[1],
    ]);
    const rules = networks.map((network) => ({
      ...network,
      rules: new Ruleset(network.family, network.podRange),
    }));
    for (const [i, expected] of [
      [0, ['b', 'far']],
      [1, ['far', 'b']],
    ] as const) {
      for (const { family, places, rules: its } of rules) {
        const node = { name: 'node-1', family, addresses: [places.out.gateway] };
        const fronts = frontsOf(
          both,
          (slices[i] ?? []).filter((slice) => slice !== undefined),
          node,
        );
        its.set('default/web', contributionOf(fronts, proxiedAddress(both, family)));
        await backend.apply(`${[...its.takeChanges()].join('\n')}\n`);
      }
      const answers = async (
        from: Place,
        hostOf: (network: (typeof networks)[number]) => string,
        port = 80,
      ) => {
        const said = [];
        for (const network of networks) said.push(await who(from, hostOf(network), port));
        return said;
      };
      expect(await answers('a', ({ clusterAddress }) => clusterAddress)).toEqual(expected);
      expect(await answers('out', ({ external }) => external)).toEqual(expected);
      expect(await answers('out', ({ places }) => places.out.gateway, 30_080)).toEqual(expected);
    }
    await backend.remove();
  });

  test('a client is not taken for another whose hashes are the same', async () => {
    const [, network] = networks as [unknown, (typeof networks)[number]];
    const { family, places, clusterAddress, podRange } = network;
    const sticky: Service = { ...both, spec: { ...both.spec, sessionAffinity: 'ClientIP' } };
    const node = { name: 'node-1', family, addresses: [places.out.gateway] };
    const rules = new Ruleset(family, podRange);
    const fronts = frontsOf(sticky, [...slicesOf('b'), ...slicesOf('far')], node);
    rules.set('default/web', contributionOf(fronts, proxiedAddress(sticky, family)));
    await backend.apply(`${[...rules.takeChanges()].join('\n')}\n`);
    const answers = async (before: () => Promise<void>) => {
      const seen = new Set<string | undefined>();
      for (let i = 0; i < 40 && seen.size < 2; i++) {
        await before();
        seen.add(await who('a', clusterAddress));
      }
      return seen.size;
    };
    expect(await answers(async () => {})).toBe(1);
    // As if another had got the backend that the hashes lead to.
    const forgetClients = () =>
      mustRun(world.onNode, 'nft', ['flush', 'set', family.nft, 'k8ts-proxy', 'clients']);
    expect(await answers(async () => void (await forgetClients()))).toBe(2);
    await backend.remove();
  });
});
