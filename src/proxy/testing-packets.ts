import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type AddressFamily, ipv4, ipv6 } from '../machinery/address-family.ts';
import { mustRun, type Processes, systemProcesses } from '../platform/processes.ts';

/** Two pods of the node, one of another node behind a link, and a machine outside of the cluster. */
export const placeNames = ['a', 'b', 'far', 'out'] as const;
export type Place = (typeof placeNames)[number];

/** The addresses of one family in the network of the tests. */
export interface TestNetwork {
  readonly family: AddressFamily;
  readonly podRange: string;
  /** Bits of the networks that places are in. */
  readonly bits: number;
  readonly places: Readonly<Record<Place, { readonly address: string; readonly gateway: string }>>;
  readonly clusterAddress: string;
  /** Addresses that no node has: of a load balancer, and what a user wrote. */
  readonly balancer: string;
  readonly external: string;
  /** An address that no Service has, a range with it, a larger one and one without it. */
  readonly nobody: string;
  readonly ranges: readonly [around: string, larger: string, other: string];
}

export const testNetworks: readonly TestNetwork[] = [
  {
    family: ipv4,
    podRange: '10.244.0.0/16',
    bits: 24,
    places: {
      a: { address: '10.244.0.2', gateway: '10.244.0.1' },
      b: { address: '10.244.0.3', gateway: '10.244.0.1' },
      far: { address: '10.244.1.2', gateway: '10.244.1.1' },
      out: { address: '198.19.45.2', gateway: '198.19.45.1' },
    },
    clusterAddress: '10.96.1.1',
    balancer: '203.0.113.9',
    external: '203.0.113.1',
    nobody: '10.96.200.7',
    ranges: ['10.96.0.0/16', '10.96.0.0/12', '10.98.0.0/16'],
  },
  {
    family: ipv6,
    podRange: 'fd00:10:244::/48',
    bits: 64,
    places: {
      a: { address: 'fd00:10:244::2', gateway: 'fd00:10:244::1' },
      b: { address: 'fd00:10:244::3', gateway: 'fd00:10:244::1' },
      far: { address: 'fd00:10:244:1::2', gateway: 'fd00:10:244:1::1' },
      out: { address: 'fd00:198:19:45::2', gateway: 'fd00:198:19:45::1' },
    },
    clusterAddress: 'fd00:10:96::1:1',
    balancer: '2001:db8:113::9',
    external: '2001:db8:113::1',
    nobody: 'fd00:10:96::200:7',
    ranges: ['fd00:10:96::200:0/112', 'fd00:10:96::/96', 'fd00:10:98::/112'],
  },
];

/**
 * A process in a namespace. At TCP and UDP 8080 it answers with its name and who asks. For each line with an address, a port and a protocol
 * it asks there and says what came: the end, in time, in words. All that it asks by UDP comes from one port.
 */
const script = (name: string) => `
  const say = (address) => '${name} ' + address.replace('::ffff:', '');
  net.createServer((socket) => socket.on('error', () => {}).end(say(socket.remoteAddress))).listen(8080);
  const asking = {};
  for (const type of ['udp4', 'udp6']) {
    const served = dgram.createSocket({ type, ipv6Only: type === 'udp6' }).bind(8080);
    served.on('message', (_, from) => served.send(say(from.address), from.port, from.address));
    asking[type] = dgram.createSocket({ type, ipv6Only: type === 'udp6' }).bind(40000);
  }
  const answers = {
    tcp: (host, port) => new Promise((resolve) => {
      let text = '';
      const socket = net.connect({ host, port, timeout: 700 }).on('data', (part) => (text += part));
      socket.on('end', () => resolve(text)).on('error', (e) => resolve(e.code));
      socket.on('timeout', () => (socket.destroy(), resolve('silence')));
    }),
    udp: (host, port) => new Promise((resolve) => {
      const socket = asking[host.includes(':') ? 'udp6' : 'udp4'];
      const end = (text) => (clearTimeout(timer), socket.removeAllListeners(), resolve(String(text)));
      const timer = setTimeout(end, 700, 'silence');
      socket.once('message', end).once('error', (e) => end(e.code)).send('?', port, host);
    }),
  };
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { protocol, host, port } = JSON.parse(line);
    console.log(await answers[protocol](host, port));
  });
  const listening = Object.values(asking).map((socket) => new Promise((done) => socket.once('listening', done)));
  Promise.all(listening).then(() => console.log('ready'));`;

class Party {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, namespace: string) {
    const inside = `--net=/run/netns/${namespace}`;
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

const settingsOf = {
  IPv4: { forwarding: 'net.ipv4.ip_forward', bridged: 'bridge-nf-call-iptables' },
  IPv6: { forwarding: 'net.ipv6.conf.all.forwarding', bridged: 'bridge-nf-call-ip6tables' },
} as const;

/** A node with its pods and others in namespaces without an uplink, with addresses of the families of `networks`, and somebody in each who asks and answers. */
export class PacketWorld {
  readonly #prefix: string;
  readonly #networks: readonly TestNetwork[];
  readonly #parties = new Map<string, Party>();
  /** Programs on the node. */
  readonly onNode: Processes = {
    run: (command, args, options) =>
      systemProcesses.run(
        'nsenter',
        [`--net=/run/netns/${this.namespaceOf('node')}`, command, ...args],
        options,
      ),
    start: () => Promise.reject(new Error('not used')),
  };

  constructor(prefix: string, networks: readonly TestNetwork[]) {
    this.#prefix = prefix;
    this.#networks = networks;
  }

  namespaceOf(name: Place | 'node'): string {
    return `${this.#prefix}-${name}`;
  }

  ip(of: Place | 'node', line: string): Promise<string> {
    const inside = `--net=/run/netns/${this.namespaceOf(of)}`;
    return mustRun(systemProcesses, 'nsenter', [inside, 'ip', ...line.split(' ')]);
  }

  /** What somebody is answered. */
  ask(from: Place | 'node', host: string, port = 80, protocol: 'tcp' | 'udp' = 'tcp'): Promise<string> {
    return (this.#parties.get(from) as Party).ask(host, port, protocol);
  }

  async begin(): Promise<void> {
    for (const name of ['node', ...placeNames] as const) await this.#add(this.namespaceOf(name));
    await this.#link();
    for (const network of this.#networks) await this.#address(network);
    for (const { forwarding, bridged } of this.#networks.map(({ family }) => settingsOf[family.name]))
      await mustRun(this.onNode, 'sysctl', ['-q', '-w', `${forwarding}=1`, `net.bridge.${bridged}=1`]);
    for (const name of ['node', ...placeNames] as const)
      this.#parties.set(name, new Party(name, this.namespaceOf(name)));
    for (const party of this.#parties.values()) {
      const said = await party.line();
      if (said !== 'ready') throw new Error(`a party says ${said}`);
    }
  }

  async end(): Promise<void> {
    for (const party of this.#parties.values()) party.end();
    for (const name of ['node', ...placeNames] as const)
      await mustRun(systemProcesses, 'ip', ['netns', 'delete', this.namespaceOf(name)]);
  }

  async #add(namespace: string): Promise<void> {
    await mustRun(systemProcesses, 'ip', ['netns', 'add', namespace]);
    if (!this.#networks.some(({ family }) => family === ipv6)) return;
    // Otherwise addresses of IPv6 are of no use before nobody has said for a second that they are his.
    const settings = ['all', 'default'].map((links) => `net.ipv6.conf.${links}.accept_dad=0`);
    const inside = `--net=/run/netns/${namespace}`;
    await mustRun(systemProcesses, 'nsenter', [inside, 'sysctl', '-q', '-w', ...settings]);
  }

  async #link(): Promise<void> {
    await this.ip('node', 'link set lo up');
    await this.ip('node', 'link add cni0 type bridge');
    for (const name of placeNames) {
      await this.ip('node', `link add v-${name} type veth peer name eth0 netns ${this.namespaceOf(name)}`);
      await this.ip('node', `link set v-${name} up`);
    }
    for (const name of ['a', 'b']) {
      await this.ip('node', `link set v-${name} master cni0`);
      // As the plugin does it: a pod may be sent what it has sent itself.
      await this.ip('node', `link set v-${name} type bridge_slave hairpin on`);
    }
    await this.ip('node', 'link set cni0 up');
    for (const name of placeNames) {
      await this.ip(name, 'link set lo up');
      await this.ip(name, 'link set eth0 up');
    }
  }

  async #address({ family, bits, places }: TestNetwork): Promise<void> {
    const flag = family === ipv6 ? '-6' : '-4';
    for (const [link, { gateway }] of [
      ['cni0', places.a],
      ['v-far', places.far],
      ['v-out', places.out],
    ] as const)
      await this.ip('node', `address add ${gateway}/${bits} dev ${link}`);
    await this.ip('node', `${flag} route add default via ${places.out.address}`);
    for (const name of placeNames) {
      await this.ip(name, `address add ${places[name].address}/${bits} dev eth0`);
      await this.ip(name, `${flag} route add default via ${places[name].gateway}`);
    }
  }
}
