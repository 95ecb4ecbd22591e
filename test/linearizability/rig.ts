import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { etcdctlPath, etcdPath } from '../../src/store/etcd/test-etcd.ts';
import { root } from '../e2e/support/clients.ts';
import { eventually, type Running } from '../e2e/support/commands.ts';
import { Site } from './site.ts';

/** The machines: members of etcd, API servers, and the clients'. */
export const members = ['member0', 'member1', 'member2'] as const;
export const servers = ['server0', 'server1'] as const;
const clients = 'clients';

const clientUrl = (address: string) => `http://${address}:2379`;
const peerUrl = (address: string) => `http://${address}:2380`;

/** Two API servers on three members of etcd, each on a machine of its own. */
export class Rig {
  readonly site: Site;
  readonly #dir: string;
  readonly #running = new Map<string, Running>();

  private constructor(site: Site, dir: string) {
    this.site = site;
    this.#dir = dir;
  }

  /** Resolves once all answer. `dir` is for their data. */
  static async start(dir: string): Promise<Rig> {
    const rig = new Rig(await Site.create([...members, ...servers, clients]), dir);
    try {
      for (const member of members) rig.startMember(member);
      await rig.ready();
      // One after the other: both make what every cluster has.
      for (const server of servers) await rig.#startServer(server);
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  get endpoints(): string[] {
    return members.map((member) => clientUrl(this.site.addressOf(member)));
  }

  /** Where each API server is, and the file with the administrator's access to it. */
  get access(): { url: string; kubeconfig: string }[] {
    return servers.map((server) => ({
      url: `https://${this.site.addressOf(server)}:6443`,
      kubeconfig: join(this.#dir, server, 'kubeconfig'),
    }));
  }

  /** Starts a member, on its old data where it ran before. */
  startMember(member: string): void {
    const own = this.site.addressOf(member);
    const all = members.map((name) => `${name}=${peerUrl(this.site.addressOf(name))}`).join(',');
    const place = ['--name', member, '--data-dir', join(this.#dir, member), '--initial-cluster', all];
    const urls = ['--listen-client-urls', '--advertise-client-urls'].flatMap((o) => [o, clientUrl(own)]);
    const peers = ['--listen-peer-urls', '--initial-advertise-peer-urls'].flatMap((o) => [o, peerUrl(own)]);
    const timing = ['--heartbeat-interval', '50', '--election-timeout', '500', '--log-level', 'error'];
    const args = [...place, ...urls, ...peers, ...timing];
    this.#running.set(member, this.site.start(member, etcdPath as string, args));
  }

  /** Kills what runs on a machine and waits until it is gone. */
  async kill(machine: string): Promise<void> {
    await this.#on(machine).stop('SIGKILL');
  }

  /** `SIGSTOP` and `SIGCONT`. */
  signal(machine: string, signal: NodeJS.Signals): void {
    this.#on(machine).child.kill(signal);
  }

  /** The member that leads; rejects where none does. */
  leader(): Promise<string> {
    return eventually(async () => {
      const answers = JSON.parse(await this.#etcdctl('endpoint', 'status')) as EndpointStatus[];
      const leading = answers.find(({ Status }) => Status.leader === Status.header.member_id);
      return members[this.endpoints.indexOf(leading?.Endpoint ?? '')];
    });
  }

  /** Waits until each member answers, and with it most of them. */
  async ready(): Promise<void> {
    await eventually(async () => {
      await this.#etcdctl('endpoint', 'health');
      return true;
    });
  }

  /** Runs a program where clients are. */
  client(program: string, args: readonly string[]): Running {
    return this.site.start(clients, program, args);
  }

  async close(): Promise<void> {
    for (const machine of this.#running.keys()) await this.kill(machine);
    await this.site.close();
  }

  async #startServer(server: string): Promise<void> {
    const dataDir = join(this.#dir, server);
    mkdirSync(dataDir);
    const [first] = servers;
    const token =
      server === first
        ? []
        : ['--token', readFileSync(join(this.#dir, first, 'server-token'), 'utf8').trim()];
    const store = ['--store', 'etcd', '--etcd-servers', this.endpoints.join(',')];
    const where = ['--bind-address', this.site.addressOf(server), '--data-dir', dataDir];
    const args = [join(root, 'bin', 'k8ts'), 'server', ...store, ...where, ...token];
    const running = this.site.start(server, process.execPath, args);
    this.#running.set(server, running);
    await running.shows(/^ready https:/m, 60_000);
  }

  #on(machine: string): Running {
    const running = this.#running.get(machine);
    if (!running) throw new Error(`nothing runs on ${machine}`);
    return running;
  }

  /** What `etcdctl` prints as JSON; rejects where one of the members does not answer in time. */
  async #etcdctl(...args: string[]): Promise<string> {
    const asked = ['--endpoints', this.endpoints.join(','), '--command-timeout', '2s', '--write-out', 'json'];
    const { code, stdout, stderr } = await this.client(etcdctlPath as string, [...asked, ...args]).ended;
    if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }
}

interface EndpointStatus {
  Endpoint: string;
  // Both lose the same digits.
  Status: { header: { member_id: number }; leader: number };
}
