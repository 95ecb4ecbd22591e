import { Running } from '../e2e/support/commands.ts';

/**
 * Machines on one network: each a network namespace, joined by a bridge in a further one, with no way out. Names are known
 * in a mount namespace of the site alone, so sites do not meet each other, and all is gone with the last process there:
 * these are killed with the one that made the site, however that ends.
 */
export class Site {
  readonly #first: Running;
  readonly #addresses: ReadonlyMap<string, string>;
  #scripts = 0;

  private constructor(first: Running, addresses: ReadonlyMap<string, string>) {
    this.#first = first;
    this.#addresses = addresses;
  }

  static async create(machines: readonly string[]): Promise<Site> {
    const first = new Running('unshare', ['--mount', '--net', 'sh', '-e']);
    const addresses = new Map(machines.map((name, i) => [name, `198.19.4.${i + 10}`]));
    const site = new Site(first, addresses);
    await site.#run(['mount -t tmpfs tmpfs /run', 'ip link add name br0 type bridge', 'ip link set br0 up']);
    await site.#run([...addresses].flatMap(([name, address]) => machineScript(name, address)));
    return site;
  }

  addressOf(machine: string): string {
    const address = this.#addresses.get(machine);
    if (!address) throw new Error(`no machine ${machine}`);
    return address;
  }

  /** Starts a program on a machine, in a process of its own. */
  start(machine: string, program: string, args: readonly string[]): Running {
    const inSite = ['--target', String(this.#first.child.pid), '--mount', '--'];
    const onMachine = ['ip', 'netns', 'exec', machine, 'setpriv', '--pdeathsig', 'KILL'];
    return new Running('nsenter', [...inSite, ...onMachine, program, ...args]);
  }

  /** From now on nothing that the ones send arrives at the others, either way, and nobody is told. */
  async cut(some: readonly string[], others: readonly string[]): Promise<void> {
    const block = (at: string, from: readonly string[]) =>
      `ip netns exec ${at} nft add element inet cut away "{ ${from.map((name) => this.addressOf(name)).join(', ')} }"`;
    await this.#run([...some.map((name) => block(name, others)), ...others.map((name) => block(name, some))]);
  }

  /** Takes the cable out: what the machine sends goes nowhere. */
  async unplug(machine: string): Promise<void> {
    await this.#run([`ip link set ${machine} down`]);
  }

  /** Ends all that `cut` and `unplug` have done. */
  async mend(): Promise<void> {
    await this.#run(
      [...this.#addresses.keys()].flatMap((name) => [
        `ip link set ${name} up`,
        `ip netns exec ${name} nft flush set inet cut away`,
      ]),
    );
  }

  /** What runs there goes on, and holds its machine. */
  async close(): Promise<void> {
    this.#first.endInput();
    await this.#first.ended;
  }

  async #run(lines: readonly string[]): Promise<void> {
    const said = `done ${++this.#scripts}.`;
    this.#first.write([...lines, `echo ${said}`, ''].join('\n'));
    await this.#first.shows(new RegExp(`^${said}$`, 'm'), 20_000);
  }
}

const cutTable = [
  'table inet cut {',
  'set away { type ipv4_addr; }',
  'chain arriving { type filter hook input priority 0; ip saddr @away drop; }',
  '}',
].join('\n');

function machineScript(name: string, address: string): string[] {
  return [
    `ip netns add ${name}`,
    `ip link add name ${name} type veth peer name eth0 netns ${name}`,
    `ip link set ${name} master br0 up`,
    `ip -n ${name} link set lo up`,
    `ip -n ${name} address add ${address}/24 dev eth0`,
    `ip -n ${name} link set eth0 up`,
    `ip netns exec ${name} nft -f - <<'END'\n${cutTable}\nEND`,
  ];
}
