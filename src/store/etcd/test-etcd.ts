import { execFile, type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Real etcd for tests: Debian's, where the set-up has put it, or what this machine has. */

const cache = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));
/** In memory where the system has such a place: what is tested is not the disk. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const find = (...paths: string[]) => paths.find((path) => existsSync(path));
const usual = (name: string) => find(`${cache}debian/usr/bin/${name}`, `/usr/bin/${name}`);
const newer = (name: string) => find(`${cache}debian-newer/usr/bin/${name}`);

/** etcd's programs in one version. */
export interface EtcdPrograms {
  name: string;
  etcd?: string;
  etcdctl?: string;
  /** Came with 3.5. */
  etcdutl?: string;
  /** For the names of tests that are skipped without them. */
  whyNot: string;
}

function programs(name: string, where: (program: string) => string | undefined): EtcdPrograms {
  const [etcd, etcdctl] = [where('etcd'), where('etcdctl')];
  const whyNot =
    etcd && etcdctl ? '' : ` (skipped: no ${name} on this machine; \`npm run setup -- --for-tests\`)`;
  return { name, etcd, etcdctl, etcdutl: where('etcdutl'), whyNot };
}

/** What Debian 12 has, which is 3.4; and what Debian 13 has. */
export const usualEtcd = programs('etcd', usual);
export const newerEtcd = programs('etcd 3.5', newer);

export const etcdPath = usualEtcd.etcd;
export const etcdctlPath = usualEtcd.etcdctl;
export const whyNoEtcd = usualEtcd.whyNot;

/** Files in PEM for servers that talk TLS, and only to clients that show a certificate. */
export interface TestEtcdTls {
  caFile: string;
  certFile: string;
  keyFile: string;
}

interface TestEtcdOptions {
  members?: number;
  args?: readonly string[];
  tls?: TestEtcdTls;
  programs?: EtcdPrograms;
}

interface Member {
  name: string;
  dir: string;
  clientUrl: string;
  peerUrl: string;
  /** Without TLS also where clients have it: tells whether the member is well. */
  healthUrl: string;
  process?: ChildProcess;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function makeMember(dir: string, index: number, scheme: 'http' | 'https'): Promise<Member> {
  const name = `m${index}`;
  const [client, peer, health] = [await freePort(), await freePort(), await freePort()];
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const clientUrl = `${scheme}://127.0.0.1:${client}`;
  return { name, dir: join(dir, name), clientUrl, peerUrl: url(peer), healthUrl: url(health) };
}

function tlsArgs({ caFile, certFile, keyFile }: TestEtcdTls): string[] {
  return ['--client-cert-auth', '--trusted-ca-file', caFile, '--cert-file', certFile, '--key-file', keyFile];
}

/** A cluster of real etcd servers on loopback, of which single members can be killed, paused and started again. */
export class TestEtcd {
  readonly #dir: string;
  readonly #members: Member[];
  readonly #args: readonly string[];
  readonly #programs: EtcdPrograms;

  private constructor(dir: string, members: Member[], started: { args: string[]; programs: EtcdPrograms }) {
    this.#dir = dir;
    this.#members = members;
    this.#args = started.args;
    this.#programs = started.programs;
  }

  /** Resolves once every member answers. `args` are further ones of `etcd`. */
  static async start(options: TestEtcdOptions = {}): Promise<TestEtcd> {
    const { members = 1, args = [], tls, programs: used = usualEtcd } = options;
    const dir = await mkdtemp(join(base, 'k8ts-etcd-'));
    const all: Member[] = [];
    for (let i = 0; i < members; i++) all.push(await makeMember(dir, i, tls ? 'https' : 'http'));
    const allArgs = [...args, ...(tls ? tlsArgs(tls) : [])];
    const etcd = new TestEtcd(dir, all, { args: allArgs, programs: used });
    for (const index of all.keys()) etcd.startMember(index);
    await etcd.ready();
    return etcd;
  }

  get endpoints(): string[] {
    return this.#members.map((m) => m.clientUrl);
  }

  /** Starts a member that is not running, on its old data. */
  startMember(index: number): void {
    const member = this.#member(index);
    const cluster = this.#members.map((m) => `${m.name}=${m.peerUrl}`).join(',');
    const urls = ['--listen-client-urls', '--advertise-client-urls'].flatMap((o) => [o, member.clientUrl]);
    const peers = ['--listen-peer-urls', '--initial-advertise-peer-urls'].flatMap((o) => [o, member.peerUrl]);
    const timing = ['--heartbeat-interval', '50', '--election-timeout', '500'];
    const health = ['--listen-metrics-urls', member.healthUrl];
    const about = ['--name', member.name, '--data-dir', member.dir, '--initial-cluster', cluster];
    const args = [...about, ...urls, ...peers, ...health, ...timing, '--log-level', 'error', ...this.#args];
    member.process = spawn(this.#programs.etcd as string, args, { stdio: 'ignore' });
  }

  /** Sends a signal to one member: SIGKILL, or SIGSTOP and SIGCONT for one that falls silent. */
  signal(index: number, signal: NodeJS.Signals): void {
    this.#member(index).process?.kill(signal);
  }

  /** Kills a member and waits until it is gone. */
  async killMember(index: number): Promise<void> {
    const { process } = this.#member(index);
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await gone;
  }

  /** Waits until all members that should run answer. */
  async ready(timeoutMs = 20_000): Promise<void> {
    const until = Date.now() + timeoutMs;
    for (const { clientUrl, healthUrl } of this.#members) {
      while (!(await isHealthy(healthUrl))) {
        if (Date.now() > until) throw new Error(`etcd at ${clientUrl} does not answer`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** What `etcdctl` prints, asking the members that run. */
  async etcdctl(...args: string[]): Promise<string> {
    const env = { ...process.env, ETCDCTL_API: '3' };
    const running = this.#members.filter((m) => m.process?.exitCode === null && !m.process.signalCode);
    const all = ['--endpoints', running.map((m) => m.clientUrl).join(','), ...args];
    const { stdout } = await promisify(execFile)(this.#programs.etcdctl as string, all, { env });
    return stdout;
  }

  /** Ends all members and removes their data. */
  async stop(): Promise<void> {
    for (const index of this.#members.keys()) {
      this.signal(index, 'SIGCONT');
      await this.killMember(index);
    }
    await rm(this.#dir, { recursive: true, force: true });
  }

  #member(index: number): Member {
    const member = this.#members[index];
    if (!member) throw new Error(`no member ${index}`);
    return member;
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
    return response.ok && ((await response.json()) as { health: string }).health === 'true';
  } catch {
    return false;
  }
}
