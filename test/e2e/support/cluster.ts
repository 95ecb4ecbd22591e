import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { helm4, kubectl36, root } from './clients.ts';
import { type Ended, Running, runToEnd } from './commands.ts';
import { CommandClient } from './kubectl.ts';

const k8ts = join(root, 'bin', 'k8ts');

export interface E2eClusterOptions {
  nodes?: number;
  runtime?: 'simulated' | 'containerd';
  /** A directory of an earlier cluster, to go on with it. */
  dataDir?: string;
  /** More arguments of `k8ts up`. */
  args?: readonly string[];
  /** Threads of their own take the connections and schedule, however many processors there are. */
  threads?: boolean;
}

let namespaces = 0;

/** A cluster of its own in a process of its own, as a user starts it. */
export class E2eCluster {
  readonly url: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly process: Running;
  readonly kubectl: CommandClient;
  readonly helm: CommandClient;
  readonly home: string;

  constructor(
    process: Running,
    { url, kubeconfig, dataDir }: { url: string; kubeconfig: string; dataDir: string },
  ) {
    this.process = process;
    this.url = url;
    this.kubeconfig = kubeconfig;
    this.dataDir = dataDir;
    this.home = join(dataDir, 'clients');
    mkdirSync(this.home, { recursive: true });
    this.kubectl = new CommandClient({ program: kubectl36(), kubeconfig, home: this.home });
    this.helm = new CommandClient({ program: helm4(), kubeconfig, home: this.home });
  }

  /** A new namespace, for the use of one test, with clients that work in it. */
  async namespace(): Promise<{ ns: string; kubectl: CommandClient; helm: CommandClient }> {
    namespaces += 1;
    const ns = `test-${namespaces}`;
    await this.kubectl.ok(`create namespace ${ns}`);
    return { ns, kubectl: this.kubectl.with({ namespace: ns }), helm: this.helm.with({ namespace: ns }) };
  }

  /** `k8ts …` for this cluster. */
  k8ts(...args: string[]): Promise<Ended> {
    return runToEnd(process.execPath, [k8ts, ...args, '--data-dir', this.dataDir], { timeoutMs: 120_000 });
  }

  /** Ends the cluster as Ctrl-C does, which reaches every process of the terminal; its data stay. */
  async interrupt(): Promise<Ended> {
    const timer = setTimeout(() => void this.process.stop('SIGKILL'), 60_000);
    const ended = await this.process.stop('SIGINT');
    clearTimeout(timer);
    return ended;
  }

  /** Ends the cluster and removes all it has written. */
  async stop(): Promise<void> {
    await this.interrupt();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Starts `k8ts up` on a free port and waits for its ready line. */
export async function startE2eCluster(options: E2eClusterOptions = {}): Promise<E2eCluster> {
  const { nodes = 0, runtime = 'simulated', args = [] } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  const flags = ['--nodes', String(nodes), '--runtime', runtime, '--data-dir', dataDir, '--port', '0'];
  const { threads } = options;
  const env: Record<string, string> = threads ? { K8TS_HTTP_THREAD: 'on', K8TS_SCHEDULER_THREAD: 'on' } : {};
  const running = new Running(process.execPath, [k8ts, 'up', ...flags, ...args], { env });
  const ready = /^ready (https:\S+) kubeconfig=(\S+) nodes=(\d+)\/(\d+) in [\d.]+ s$/m;
  try {
    const said = await running.shows(ready, 120_000);
    const [, url = '', kubeconfig = ''] = ready.exec(said) ?? [];
    return new E2eCluster(running, { url, kubeconfig, dataDir });
  } catch (error) {
    await running.stop();
    if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
}
