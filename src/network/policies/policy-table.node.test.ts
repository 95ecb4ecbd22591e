import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkPolicy, NetworkPolicyPeer } from '../../api/networking/v1.ts';
import { ipv4, ipv6 } from '../../machinery/address-family.ts';
import { systemFiles } from '../../platform/files.ts';
import { mustRun, systemProcesses } from '../../platform/processes.ts';
import { IsolationPlan } from './isolation.ts';
import { openTable, type PolicyTable, tableChanges } from './policy-table.ts';

const isRoot = process.getuid?.() === 0 && (await systemFiles.exists('/usr/sbin/nft'));
const hasIPv6 = await systemFiles.exists('/proc/sys/net/ipv6');
const prefix = `k8ts-test-np-${process.pid}`;
const node = `${prefix}-node`;

/** Pods on the node's bridge, and a machine behind another link of the node. */
const networks = [
  {
    family: ipv4,
    addresses: { a: '10.244.0.2', b: '10.244.0.3', c: '10.244.0.4', s: '198.19.45.2' },
    gateways: { pod: '10.244.0.1', s: '198.19.45.1' },
    bits: 24,
    everywhere: { cidr: '0.0.0.0/0', except: ['10.244.0.0/16', '10.244.0.3/32'] },
    settings: ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'],
  },
  {
    family: ipv6,
    addresses: { a: 'fd00:244::2', b: 'fd00:244::3', c: 'fd00:244::4', s: 'fd00:198::2' },
    gateways: { pod: 'fd00:244::1', s: 'fd00:198::1' },
    bits: 64,
    everywhere: { cidr: '::/0', except: ['fd00:244::/32', 'fd00:244::3/128'] },
    settings: ['net.ipv6.conf.all.forwarding=1', 'net.bridge.bridge-nf-call-ip6tables=1'],
  },
].filter(({ family }) => hasIPv6 || family !== ipv6);
type Network = (typeof networks)[number];
const names = ['a', 'b', 'c', 's'] as const;
type Name = (typeof names)[number];

const run = (command: string, ...args: string[]) => mustRun(systemProcesses, command, args);
const within = (namespace: string, command: string, ...args: string[]) =>
  run('nsenter', `--net=/run/netns/${namespace}`, command, ...args);
const ip = (namespace: string, line: string) => within(namespace, 'ip', ...line.split(' '));
const apply = (lines: readonly string[]) =>
  mustRun(systemProcesses, 'nsenter', [`--net=/run/netns/${node}`, 'nft', '-f', '-'], {
    input: `${lines.join('\n')}\n`,
  });

/**
 * A process in a namespace. It answers at TCP 80 and 81, and, for each line with addresses and a port, says which of these answer it: what
 * has not within a second is cut off.
 */
const script = `
  for (const port of [80, 81]) net.createServer((socket) => socket.on('error', () => {}).end()).listen(port);
  const answers = (host, port) => new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: 1000 }, () => (socket.destroy(), resolve(true)));
    for (const end of ['timeout', 'error']) socket.on(end, () => (socket.destroy(), resolve(false)));
  });
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { hosts, port } = JSON.parse(line);
    console.log(JSON.stringify(await Promise.all(hosts.map((host) => answers(host, port)))));
  });
  console.log('ready');`;

class Party {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(namespace: string) {
    this.#process = spawn('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, '-e', script]);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    return (await this.#lines.next()).value;
  }

  /** Whether each of some addresses answers at a port. */
  async reaches(hosts: readonly string[], port: number): Promise<boolean[]> {
    this.#process.stdin.write(`${JSON.stringify({ hosts, port })}\n`);
    return JSON.parse(await this.line());
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }
}

const parties = new Map<string, Party>();

/** Who reaches whom: letters of the senders by that of the receiver. `n` is the node itself. */
async function reached({ addresses }: Network): Promise<Record<string, string>> {
  const hosts = names.map((name) => addresses[name]);
  const rows = await Promise.all(
    [...parties].map(async ([from, party]) => [from, await party.reaches(hosts, 80)] as const),
  );
  const sendersTo = (to: Name, i: number) =>
    rows.flatMap(([from, row]) => (from !== to && row[i] ? from : []));
  return Object.fromEntries(names.map((to, i) => [to, sendersTo(to, i).join('')]));
}

const podsIn = ({ addresses }: Network) =>
  (['a', 'b', 'c'] as const).map((name) => ({
    address: addresses[name],
    pod: {
      metadata: { name, namespace: 'x', labels: { pod: name } },
      spec: {
        containers: [
          { name: 'c', image: 'i', ports: [{ name: 'web', containerPort: name === 'b' ? 81 : 80 }] },
        ],
      },
    },
  }));
const labelled = (pod: string): NetworkPolicyPeer => ({ podSelector: { matchLabels: { pod } } });

function tableIn(network: Network, ...specs: NetworkPolicy['spec'][]): PolicyTable {
  const pods = podsIn(network);
  const policies = specs.map((spec) => ({ metadata: { name: 'p', namespace: 'x' }, spec }));
  const plan = new IsolationPlan(network.family, {
    policies,
    pods,
    namespaces: [{ metadata: { name: 'x' }, spec: {} }],
  });
  for (const found of pods) plan.isolate(found);
  return plan.table;
}

async function add(namespace: string): Promise<void> {
  await run('ip', 'netns', 'add', namespace);
  // Otherwise addresses of IPv6 are of no use before nobody has said for a second that they are his.
  if (hasIPv6)
    await within(
      namespace,
      'sysctl',
      '-qw',
      'net.ipv6.conf.all.accept_dad=0',
      'net.ipv6.conf.default.accept_dad=0',
    );
}

async function address({ family, addresses, gateways, bits, settings }: Network): Promise<void> {
  const flag = family === ipv6 ? '-6' : '-4';
  await ip(node, `address add ${gateways.pod}/${bits} dev cni0`);
  await ip(node, `address add ${gateways.s}/${bits} dev v-s`);
  for (const name of names) {
    await ip(`${prefix}-${name}`, `address add ${addresses[name]}/${bits} dev eth0`);
    await ip(
      `${prefix}-${name}`,
      `${flag} route add default via ${name === 's' ? gateways.s : gateways.pod}`,
    );
  }
  await within(node, 'sysctl', '-qw', ...settings);
}

async function begin(): Promise<void> {
  for (const name of [node, ...names.map((n) => `${prefix}-${n}`)]) await add(name);
  await ip(node, 'link add cni0 type bridge');
  await ip(node, 'link set cni0 up');
  for (const name of names) {
    await ip(node, `link add v-${name} type veth peer name eth0 netns ${prefix}-${name}`);
    await ip(node, `link set v-${name} up`);
    await ip(`${prefix}-${name}`, 'link set eth0 up');
    if (name !== 's') await ip(node, `link set v-${name} master cni0`);
  }
  for (const network of networks) await address(network);
  for (const name of names) parties.set(name, new Party(`${prefix}-${name}`));
  parties.set('n', new Party(node));
  for (const party of parties.values()) expect(await party.line()).toBe('ready');
}

async function end(): Promise<void> {
  for (const party of parties.values()) party.end();
  for (const name of [node, ...names.map((n) => `${prefix}-${n}`)]) await run('ip', 'netns', 'delete', name);
}

beforeAll(async () => void (isRoot && (await begin())));
afterAll(async () => void (isRoot && (await end())));

describe.skipIf(!isRoot).each(networks)(
  'network policies in the kernel, $family.name (needs root and nft)',
  (network) => {
    const { family, everywhere } = network;
    const tableOf = (...specs: NetworkPolicy['spec'][]) => tableIn(network, ...specs);

    test('hold for pods of one bridge and for whoever comes from elsewhere, and never for the node itself', async () => {
      const open = { a: 'bcsn', b: 'acsn', c: 'absn', s: 'abcn' };
      const named = { port: 'web' };
      const range = { port: 79, endPort: 90 };
      const steps: [string, PolicyTable, Record<string, string>][] = [
        ['nothing', openTable, open],
        [
          'all',
          tableOf({ podSelector: {}, policyTypes: ['Ingress'] }),
          { a: 'n', b: 'n', c: 'n', s: 'abcn' },
        ],
        [
          'one by label',
          tableOf({
            podSelector: { matchLabels: { pod: 'a' } },
            policyTypes: ['Ingress'],
            ingress: [{ from: [labelled('b')], ports: [range, { port: 80 }, { protocol: 'UDP' }] }],
          }),
          { ...open, a: 'bn' },
        ],
        [
          'the rest by address',
          tableOf({
            podSelector: { matchLabels: { pod: 'a' } },
            policyTypes: ['Ingress'],
            ingress: [{ from: [{ ipBlock: everywhere }] }],
          }),
          { ...open, a: 'sn' },
        ],
        [
          'what is sent by the name of a port',
          tableOf({
            podSelector: { matchLabels: { pod: 'a' } },
            policyTypes: ['Egress'],
            egress: [{ to: [labelled('b'), labelled('c')], ports: [named] }],
          }),
          { ...open, b: 'csn', s: 'bcn' },
        ],
        ['nothing again', openTable, open],
      ];
      let stands: PolicyTable | undefined;
      for (const [what, wanted, expected] of steps) {
        const lines = tableChanges(family, stands, wanted);
        if (lines.length > 0) await apply(lines);
        // Who is not asked for his link address is not reached, where he has been before neither.
        for (const name of [node, ...names.map((n) => `${prefix}-${n}`)]) await ip(name, 'neigh flush all');
        // Who waits for a busy machine is not isolated: the next try shows that.
        await expect.poll(() => reached(network), { message: what, timeout: 15_000 }).toEqual(expected);
        stands = wanted;
      }
      expect((await within(node, 'nft', 'list', 'tables')).trim()).toBe('');
    });

    test('change by what differs alone, into the same as when made anew', async () => {
      const one = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [labelled('a')] }] };
      const other = {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [{ to: [labelled('b')], ports: [{ port: 'web' }] }],
      };
      const steps = [
        tableOf(one),
        tableOf(one, other),
        tableOf(other),
        tableOf({ ...one, ingress: [{}] }),
        tableOf(one),
      ];
      const list = async () => {
        const text = await within(node, 'nft', '-j', 'list', 'table', family.nft, 'k8ts-policies');
        const { nftables } = JSON.parse(text, (key, value) => (key === 'handle' ? undefined : value));
        return nftables.map((part: object) => JSON.stringify(part)).sort();
      };
      let stands: PolicyTable | undefined;
      for (const wanted of steps) {
        await apply(tableChanges(family, stands, wanted));
        const changed = await list();
        await apply(tableChanges(family, undefined, wanted));
        expect(changed).toEqual(await list());
        expect(tableChanges(family, wanted, wanted)).toEqual([]);
        stands = wanted;
      }
      await apply(tableChanges(family, stands, openTable));
    });
  },
);

test.skipIf(!isRoot || !hasIPv6)(
  'pods of one bridge do not get past it by addresses of their link',
  async () => {
    const [, network] = networks as [Network, Network];
    const shown = JSON.parse(await within(`${prefix}-a`, 'ip', '-j', '-6', 'address', 'show', 'dev', 'eth0'));
    const { local } = shown[0].addr_info.find(({ scope }: { scope: string }) => scope === 'link');
    const isReached = async () => (await (parties.get('b') as Party).reaches([`${local}%eth0`], 80))[0];
    expect(await isReached()).toBe(true);
    await apply(
      tableChanges(ipv6, undefined, tableIn(network, { podSelector: {}, policyTypes: ['Ingress'] })),
    );
    expect(await isReached()).toBe(false);
    await apply(tableChanges(ipv6, undefined, openTable));
    expect(await isReached()).toBe(true);
  },
);
