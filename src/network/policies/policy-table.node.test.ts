import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkPolicy, NetworkPolicyPeer } from '../../api/networking/v1.ts';
import { systemFiles } from '../../platform/files.ts';
import { mustRun, systemProcesses } from '../../platform/processes.ts';
import { IsolationPlan } from './isolation.ts';
import { openTable, type PolicyTable, tableChanges } from './policy-table.ts';

const isRoot = process.getuid?.() === 0 && (await systemFiles.exists('/usr/sbin/nft'));
const prefix = `k8ts-test-np-${process.pid}`;
const node = `${prefix}-node`;

/** Pods on the node's bridge, and a machine behind another link of the node. */
const addresses = { a: '10.244.0.2', b: '10.244.0.3', c: '10.244.0.4', s: '198.19.45.2' };
type Name = keyof typeof addresses;
const names = Object.keys(addresses) as Name[];
const gateways = { pod: '10.244.0.1', s: '198.19.45.1' };

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
async function reached(): Promise<Record<string, string>> {
  const hosts = names.map((name) => addresses[name]);
  const rows = await Promise.all(
    [...parties].map(async ([from, party]) => [from, await party.reaches(hosts, 80)] as const),
  );
  const sendersTo = (to: Name, i: number) =>
    rows.flatMap(([from, row]) => (from !== to && row[i] ? from : []));
  return Object.fromEntries(names.map((to, i) => [to, sendersTo(to, i).join('')]));
}

const pods = (['a', 'b', 'c'] as const).map((name) => ({
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

function tableOf(...specs: NetworkPolicy['spec'][]): PolicyTable {
  const policies = specs.map((spec) => ({ metadata: { name: 'p', namespace: 'x' }, spec }));
  const plan = new IsolationPlan({ policies, pods, namespaces: [{ metadata: { name: 'x' }, spec: {} }] });
  for (const found of pods) plan.isolate(found);
  return plan.table;
}

describe.skipIf(!isRoot)('network policies in the kernel (needs root and nft)', () => {
  beforeAll(async () => {
    for (const name of [node, ...names.map((n) => `${prefix}-${n}`)]) await run('ip', 'netns', 'add', name);
    await ip(node, 'link add cni0 type bridge');
    await ip(node, 'link set cni0 up');
    await ip(node, `address add ${gateways.pod}/24 dev cni0`);
    for (const name of names) {
      await ip(node, `link add v-${name} type veth peer name eth0 netns ${prefix}-${name}`);
      await ip(node, `link set v-${name} up`);
      await ip(`${prefix}-${name}`, `address add ${addresses[name]}/24 dev eth0`);
      await ip(`${prefix}-${name}`, 'link set eth0 up');
      await ip(`${prefix}-${name}`, `route add default via ${name === 's' ? gateways.s : gateways.pod}`);
      if (name === 's') await ip(node, `address add ${gateways.s}/24 dev v-s`);
      else await ip(node, `link set v-${name} master cni0`);
    }
    await within(node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1');
    for (const name of names) parties.set(name, new Party(`${prefix}-${name}`));
    parties.set('n', new Party(node));
    for (const party of parties.values()) expect(await party.line()).toBe('ready');
  });
  afterAll(async () => {
    for (const party of parties.values()) party.end();
    for (const name of [node, ...names.map((n) => `${prefix}-${n}`)])
      await run('ip', 'netns', 'delete', name);
  });

  test('hold for pods of one bridge and for whoever comes from elsewhere, and never for the node itself', async () => {
    const open = { a: 'bcsn', b: 'acsn', c: 'absn', s: 'abcn' };
    const named = { port: 'web' };
    const range = { port: 79, endPort: 90 };
    const steps: [string, PolicyTable, Record<string, string>][] = [
      ['nothing', openTable, open],
      ['all', tableOf({ podSelector: {}, policyTypes: ['Ingress'] }), { a: 'n', b: 'n', c: 'n', s: 'abcn' }],
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
          ingress: [
            { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.0.0/16', '10.244.0.3/32'] } }] },
          ],
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
      const lines = tableChanges(stands, wanted);
      if (lines.length > 0) await apply(lines);
      // Who waits for a busy machine is not isolated: the next try shows that.
      await expect.poll(() => reached(), { message: what, timeout: 15_000 }).toEqual(expected);
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
      const text = await within(node, 'nft', '-j', 'list', 'table', 'ip', 'k8ts-policies');
      const { nftables } = JSON.parse(text, (key, value) => (key === 'handle' ? undefined : value));
      return nftables.map((part: object) => JSON.stringify(part)).sort();
    };
    let stands: PolicyTable | undefined;
    for (const wanted of steps) {
      await apply(tableChanges(stands, wanted));
      const changed = await list();
      await apply(tableChanges(undefined, wanted));
      expect(changed).toEqual(await list());
      expect(tableChanges(wanted, wanted)).toEqual([]);
      stands = wanted;
    }
    await apply(tableChanges(stands, openTable));
  });
});
