import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, Pod } from '../../api/core/v1.ts';
import { events, nodes, pods, serviceaccounts } from '../../api/generated/resources.ts';
import { systemClock } from '../../platform/clock.ts';
import { bundleProgram } from '../../platform/testing-program.ts';
import { createTestNode, testImage, type TestNode } from '../runtimes/containerd/test-node.ts';
import { sandboxImageName } from '../runtimes/containerd/sandbox-image.ts';
import { TestApi } from './test-api.ts';
import { serveStdio } from './test-stdio.ts';

const deadlineMs = 60_000;

/** A kubelet before a real containerd, both in namespaces of their own, its API in this process. */
export class RealNode {
  readonly api = new TestApi();
  readonly node: TestNode;
  #agent: ChildProcess | undefined;

  private constructor(node: TestNode) {
    this.node = node;
    this.api.add(serviceaccounts, { metadata: { name: 'default', namespace: 'default' } });
  }

  static async create(): Promise<RealNode> {
    const real = new RealNode(await createTestNode());
    await real.#bundle('test-agent.ts', 'agent.mjs');
    await real.startKubelet();
    return real;
  }

  async #bundle(source: string, name: string): Promise<void> {
    const program = join(this.node.directory, name);
    await bundleProgram(join(import.meta.dirname, source), program, { requires: true });
  }

  /** A program of this project that runs on the node, once it has said something; ended by what is given. */
  async startProgram(source: string, argument: string): Promise<() => Promise<void>> {
    const { directory, entry } = this.node;
    const name = source.replace(/\.ts$/, '.mjs');
    await this.#bundle(source, name);
    const [program, ...args] = [...entry, process.execPath, `${directory}/${name}`, argument];
    const child = spawn(program as string, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('exit', (code) => reject(new Error(`${source} has ended with ${code}`)));
    });
    return async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    };
  }

  get directory(): string {
    return this.node.directory;
  }

  async startKubelet(): Promise<void> {
    const { directory, cgroupRoot, daemon, entry } = this.node;
    const settings = {
      socketPath: daemon.socketPath,
      directory,
      cgroupRoot,
      address: '192.0.2.1',
      sandboxImage: sandboxImageName,
    };
    writeFileSync(`${directory}/agent.json`, JSON.stringify(settings));
    const [program, ...args] = [
      ...entry,
      process.execPath,
      `${directory}/agent.mjs`,
      `${directory}/agent.json`,
    ];
    const agent = spawn(program as string, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    agent.stdin.on('error', () => {});
    agent.stderr.on('data', (chunk: Buffer) => appendFileSync(`${directory}/agent.log`, chunk));
    serveStdio(this.api, agent.stdout, agent.stdin);
    this.#agent = agent;
    await this.until(() =>
      this.api
        .get(nodes, '', 'n1')
        ?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
    );
  }

  /** Ends the kubelet, with what it ran going on. */
  async stopKubelet(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const agent = this.#agent;
    if (!agent) return;
    const ended = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill(signal);
    await ended;
    this.#agent = undefined;
  }

  async remove(): Promise<void> {
    await this.stopKubelet();
    await this.node.remove();
  }

  /** The first thing that is there, once it is. */
  async until<T>(check: () => T | Promise<T>): Promise<NonNullable<T>> {
    for (const endMs = systemClock.monotonic() + deadlineMs; systemClock.monotonic() < endMs; ) {
      const found = await check();
      if (found) return found;
      await systemClock.sleep(20);
    }
    throw new Error(
      `still not so: ${check}\n${JSON.stringify(this.api.list(pods).map((p) => p.status))}\n${this.told().join('\n')}`,
    );
  }

  create(name: string, spec: Partial<Pod['spec']>, metadata: Partial<Pod['metadata']> = {}): void {
    this.api.add(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', ...metadata },
      spec: {
        nodeName: 'n1',
        terminationGracePeriodSeconds: 5,
        restartPolicy: 'Always',
        containers: [shell('c', 'sleep 1000')],
        ...spec,
      },
    });
  }

  pod(name: string): Pod | undefined {
    return this.api.get(pods, 'default', name);
  }

  phase(name: string, phase: string): Promise<Pod> {
    return this.until(() => (this.pod(name)?.status?.phase === phase ? this.pod(name) : undefined));
  }

  told(name?: string): string[] {
    const about = this.api.list(events).filter((e) => !name || e.involvedObject.name === name);
    return about.map((e) => `${e.reason}: ${e.message}`);
  }

  /** What a command prints inside a container. */
  async run(pod: string, container: string, ...command: string[]): Promise<string> {
    const statuses = this.pod(pod)?.status?.containerStatuses ?? [];
    const id = statuses.find((s) => s.name === container)?.containerID?.split('//')[1] ?? '';
    const { stdout, stderr } = await this.node.daemon.runtime.containers.execSync(id, command);
    return stdout.toString() + stderr.toString();
  }
}

/** A container that runs a line of shell; it dies at once when told to. */
export function shell(name: string, script: string, more: Partial<Container> = {}): Container {
  const command = ['sh', '-c', `trap 'exit 0' TERM; ${script} & wait $!`];
  return {
    name,
    image: testImage,
    imagePullPolicy: 'Never',
    command,
    terminationMessagePath: '/dev/termination-log',
    ...more,
  };
}
