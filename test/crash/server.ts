import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { connectHttps } from '../../src/platform/http-client.ts';
import { root } from '../e2e/support/clients.ts';
import { Running } from '../e2e/support/commands.ts';

/** Where a server dies: on entering a call of the system for the nth time in one of its threads. */
export interface Trap {
  syscall: string;
  when: number;
}

/** strace, told to kill what it runs or is attached to. Its own filter (`--seccomp-bpf`) would let the call pass. */
function straceArgs({ syscall, when }: Trap): string[] {
  const inject = `inject=${syscall}:signal=KILL:when=${when}`;
  return ['-f', '-o', '/dev/null', '-e', `trace=${syscall}`, '-e', inject];
}

export interface ServerOptions {
  dataDir: string;
  /** More arguments of `k8ts up`. */
  args?: readonly string[];
  /** Set from the start. */
  trap?: Trap;
  /** Run by Node instead of `k8ts up`, with the data directory as the last argument. */
  script?: readonly string[];
}

const ready = /^ready (https:\S+) kubeconfig=(\S+) /m;

/** A server in a process of its own, to be killed. */
export class Server {
  readonly running: Running;

  constructor({ dataDir, trap, script, args = [] }: ServerOptions) {
    mkdirSync(dataDir, { recursive: true });
    const flags = ['up', '--nodes', '0', '--port', '0', '--data-dir', dataDir, ...args];
    const command = script ? [...script, dataDir] : [join(root, 'bin', 'k8ts'), ...flags];
    this.running = trap
      ? new Running('strace', [...straceArgs(trap), '-qq', process.execPath, ...command])
      : new Running(process.execPath, command);
  }

  /** A way to it once it answers; undefined where it died before. Rejects where it ended by itself. */
  async transport(): Promise<HttpTransport | undefined> {
    const said = await Promise.race([this.running.shows(ready, 60_000).catch(() => undefined), this.#died()]);
    if (said === undefined) return undefined;
    const [, url = '', kubeconfig = ''] = ready.exec(said) ?? [];
    return transportOf(url, kubeconfig);
  }

  /** Sets a trap in a server that runs; resolves once it is set. */
  async trap(trap: Trap): Promise<void> {
    const strace = new Running('strace', [...straceArgs(trap), '-p', String(this.running.child.pid)]);
    await strace.shows(/attached/);
  }

  /** As a loss of power to the process alone: nothing of it runs on. */
  async kill(): Promise<void> {
    await this.running.stop('SIGKILL');
  }

  async #died(): Promise<undefined> {
    const { code, stderr } = await this.running.ended;
    if (code !== 137) throw new Error(`the server ended by itself with ${code}:\n${stderr}`);
    return undefined;
  }
}

/** The way to a server for whom a kubeconfig names. */
export function transportOf(url: string, kubeconfig: string, timeoutMs = 20_000): HttpTransport {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const text = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString();
  const tls = {
    ca: text(clusters[0]?.cluster['certificate-authority-data']),
    cert: text(users[0]?.user['client-certificate-data']),
    key: text(users[0]?.user['client-key-data']),
  };
  return new HttpTransport({
    connect: connectHttps,
    servers: [url],
    tls,
    userAgent: 'crash',
    timeoutMs,
  });
}

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}
