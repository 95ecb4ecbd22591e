import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery/v1.ts';
import { systemFiles } from '../platform/files.ts';
import { mustRun, type Processes, systemProcesses } from '../platform/processes.ts';
import { contributionOf } from './contribution.ts';
import { proxiedAddress } from './endpoints.ts';
import { type Front, frontsOf } from './fronts.ts';
import type { NodeView } from './node-view.ts';
import { nftablesBackend } from './nftables.ts';
import { staleFlows } from './proxy.ts';
import { Ruleset } from './ruleset.ts';

const isRoot = process.getuid?.() === 0 && (await systemFiles.exists('/usr/sbin/nft'));
const prefix = `k8ts-test-px-${process.pid}`;
const nodeNamespace = `${prefix}-node`;
const podRange = '10.244.0.0/16';

/** Two pods of the node, one of another node behind a link, and a machine outside of the cluster. */
const places = {
  a: { address: '10.244.0.2', gateway: '10.244.0.1' },
  b: { address: '10.244.0.3', gateway: '10.244.0.1' },
  far: { address: '10.244.1.2', gateway: '10.244.1.1' },
  out: { address: '198.19.45.2', gateway: '198.19.45.1' },
};
type Place = keyof typeof places;
const names = Object.keys(places) as Place[];
const node: NodeView = { name: 'node-1', addresses: ['198.19.45.1'] };
const clusterAddress = '10.96.1.1';
const balancer = '203.0.113.9';

const run = (command: string, ...args: string[]) => mustRun(systemProcesses, command, args);
const ip = (namespace: string, line: string) =>
  run('nsenter', `--net=/run/netns/${namespace}`, 'ip', ...line.split(' '));

/** The same programs, on the node. */
const onNode: Processes = {
  run: (command, args, options) =>
    systemProcesses.run('nsenter', [`--net=/run/netns/${nodeNamespace}`, command, ...args], options),
  start: () => Promise.reject(new Error('not used')),
};

/**
 * A process in a namespace. At TCP and UDP 8080 it answers with its name and who asks. For each line with an address, a port and a protocol
 * it asks there and says what came: the end, in time, in words. All that it asks by UDP comes from one port.
 */
const script = (name: string) => `
  const say = (address) => '${name} ' + address.replace('::ffff:', '');
  net.createServer((socket) => socket.on('error', () => {}).end(say(socket.remoteAddress))).listen(8080);
  const served = dgram.createSocket('udp4').bind(8080);
  served.on('message', (_, from) => served.send(say(from.address), from.port, from.address));
  const asking = dgram.createSocket('udp4').bind(40000);
  const answers = { 
    tcp: (host, port) => new Promise((resolve) => {
      let text = '';
      const socket = net.connect({ host, port, timeout: 700 }).on('data', (part) => (text += part));
      socket.on('end', () => resolve(text)).on('error', (e) => resolve(e.code));
      socket.on('timeout', () => (socket.destroy(), resolve('silence')));
    }),
    udp: (host, port) => new Promise((resolve) => {
      const end = (text) => (clearTimeout(timer), asking.removeAllListeners(), resolve(String(text)));
      const timer = setTimeout(end, 700, 'silence');
      asking.once('message', end).once('error', (e) => end(e.code)).send('?', port, host);
    }),
  };
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { protocol, host, port } = JSON.parse(line);
    console.log(await answers[protocol](host, port));
  });
  asking.once('listening', () => console.log('ready'));`;

class Party {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string) {
    const inside = `--net=/run/netns/${prefix}-${name}`;
    this.#process = spawn('nsenter', [inside, process.execPath, '-e', script(name)]);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    return (await this.#lines.next()).value;
  }

  async ask(host: string, port: number, protocol: 'tcp' | 'udp'): Promise<string> {
    this.#process.stdin.write(`${JSON.stringify({ protocol, host, port })}\n`);
    return this.line();
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }
}

const parties = new Map<string, Party>();
const ask = (from: Place | 'node', host: string, port = 80, protocol: 'tcp' | 'udp' = 'tcp') =>
  (parties.get(from) as Party).ask(host, port, protocol);
/** Who answers. */
const who = async (...args: Parameters<typeof ask>) => (await ask(...args)).split(' ')[0];

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
  addressType: 'IPv4',
  ports: [{ name: 'x', port: 8080, protocol }],
  endpoints,
});

const backend = nftablesBackend(onNode);

/** A proxy of one Service. */
class OneService {
  readonly #rules = new Ruleset(podRange);
  #fronts: Front[] = [];

  async set(of: Service, endpoints: Endpoint[], protocol = 'TCP'): Promise<void> {
    const fronts = frontsOf(of, [slice(endpoints, protocol)], node);
    const stale = staleFlows(this.#fronts, fronts);
    this.#fronts = fronts;
    this.#rules.set('default/web', contributionOf(fronts, proxiedAddress(of)));
    await backend.apply(`${[...this.#rules.takeChanges()].join('\n')}\n`);
    await backend.forgetFlows(stale);
  }
}

describe.skipIf(!isRoot)('packets of Services in the kernel (needs root and nft)', () => {
  beforeAll(async () => {
    for (const name of ['node', ...names]) await run('ip', 'netns', 'add', `${prefix}-${name}`);
    await ip(nodeNamespace, 'link set lo up');
    await ip(nodeNamespace, 'link add cni0 type bridge');
    for (const name of names) {
      await ip(nodeNamespace, `link add v-${name} type veth peer name eth0 netns ${prefix}-${name}`);
      await ip(nodeNamespace, `link set v-${name} up`);
    }
    for (const name of ['a', 'b']) {
      await ip(nodeNamespace, `link set v-${name} master cni0`);
      // As the plugin does it: a pod may be sent what it has sent itself.
      await ip(nodeNamespace, `link set v-${name} type bridge_slave hairpin on`);
    }
    await ip(nodeNamespace, 'link set cni0 up');
    for (const [link, place] of [
      ['cni0', places.a],
      ['v-far', places.far],
      ['v-out', places.out],
    ] as const)
      await ip(nodeNamespace, `address add ${place.gateway}/24 dev ${link}`);
    await ip(nodeNamespace, 'route add default via 198.19.45.2');
    for (const name of names) {
      const inside = `${prefix}-${name}`;
      await ip(inside, 'link set lo up');
      await ip(inside, `address add ${places[name].address}/24 dev eth0`);
      await ip(inside, 'link set eth0 up');
      await ip(inside, `route add default via ${places[name].gateway}`);
    }
    for (const setting of ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'])
      await mustRun(onNode, 'sysctl', ['-q', '-w', setting]);
    for (const name of ['node', ...names]) parties.set(name, new Party(name));
    for (const party of parties.values()) expect(await party.line()).toBe('ready');
  });
  afterEach(() => backend.remove());
  afterAll(async () => {
    for (const party of parties.values()) party.end();
    for (const name of ['node', ...names]) await run('ip', 'netns', 'delete', `${prefix}-${name}`);
  });

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
    const nobody = '10.96.200.7';
    await ip(`${prefix}-out`, `address add ${nobody}/32 dev lo`);
    const rules = new Ruleset(podRange);
    const follow = async (ranges: string[], answer: string) => {
      rules.setServiceRanges(ranges);
      await backend.apply(`${[...rules.takeChanges()].join('\n')}\n`);
      for (const from of ['a', 'node'] as const)
        expect(await who(from, nobody, 8080), String(ranges)).toBe(answer);
    };
    await follow([], 'out');
    await follow(['10.96.0.0/16', '10.98.0.0/16'], 'silence');
    await follow(['10.98.0.0/16'], 'out');
    await follow(['10.96.0.0/12'], 'silence');
    await ip(`${prefix}-out`, `address del ${nobody}/32 dev lo`);
  });

  test('leave with the priority that they had, whoever sends them', async () => {
    await new OneService().set(service(), [at('far')]);
    const probe =
      'table ip probe { chain last { type filter hook postrouting priority 300; meta priority != 0 counter; }; }';
    await mustRun(onNode, 'nft', ['-f', '-'], { input: probe });
    try {
      for (const from of ['a', 'node'] as const) expect(await who(from, clusterAddress)).toBe('far');
      expect(await mustRun(onNode, 'nft', ['list', 'table', 'ip', 'probe'])).toContain('counter packets 0 ');
    } finally {
      await mustRun(onNode, 'nft', ['delete', 'table', 'ip', 'probe']);
    }
  });

  test('an address that no node has leads to the Service, from within and from outside', async () => {
    await new OneService().set(service({ externalIPs: ['203.0.113.1'] }), [at('far')]);
    for (const from of ['a', 'node', 'out'] as const)
      expect(await who(from, '203.0.113.1'), from).toBe('far');
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
    for (const from of ['a', 'node', 'a', 'node'] as const) expect(await who(from, clusterAddress)).toBe('b');
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
      ['198.19.45.1', 30_080],
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
      spawn('nsenter', [`--net=/run/netns/${prefix}-${place}`, process.execPath, '-e', code]);
    const server = start('far', serve);
    const lines = (from: ChildProcessWithoutNullStreams) =>
      createInterface({ input: from.stdout })[Symbol.asyncIterator]();
    let client: ChildProcessWithoutNullStreams | undefined;
    try {
      expect((await lines(server).next()).value).toBe('listening');
      client = start('a', join);
      const said = lines(client);
      expect((await said.next()).value).toBe('open');
      await mustRun(onNode, 'conntrack', ['-D', '-p', 'tcp', '--orig-dst', places.far.address]);
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
      ['out', '198.19.45.1', 30_080],
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
});
