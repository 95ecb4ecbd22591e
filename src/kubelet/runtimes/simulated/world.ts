import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Files } from '../../../platform/files.ts';
import type { Random } from '../../../platform/random.ts';
import { RuntimeError } from '../runtime-error.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { ContainerSpec, ContainerState, LinuxResources, SandboxSpec, SandboxState } from '../types.ts';
import { AddressPools } from './addresses.ts';
import type { Behaviour } from './behaviour.ts';
import type { FileTree } from './file-tree.ts';

/** How long what is simulated takes; each time is up to half as much longer, by chance. */
export interface Latencies {
  sandboxMs: number;
  startMs: number;
  pullMs: number;
  /** Until a command that somebody executes begins. */
  execMs: number;
}

export interface SimulatedOptions {
  clock: Clock;
  random: Random;
  /** The pods' addresses, one range a family, where they are not told later by `setPodCidrs`. */
  podCidrs?: readonly string[];
  latencies?: Partial<Latencies>;
  /** Whether a registry has an image, by its full name; registries have all there are unless given. */
  hasImage?(name: string): boolean;
  /** Whether anything answers at an address; something does unless given. */
  answers?(address: string): boolean;
  /** Where logs are written; nothing is written where absent. */
  files?: Pick<Files, 'append' | 'makeDir'>;
}

export interface SimulatedSandbox {
  id: string;
  spec: SandboxSpec;
  state: SandboxState;
  createdAtMs: number;
  ips: string[];
}

export interface SimulatedContainer {
  id: string;
  sandbox: SimulatedSandbox;
  spec: ContainerSpec;
  behaviour: Behaviour;
  imageId: string;
  resources: LinuxResources;
  state: ContainerState;
  createdAtMs: number;
  startedAtMs?: number;
  finishedAtMs?: number;
  exitCode?: number;
  reason: string;
  message: string;
  exitTimer?: Timer;
  /** What was copied into it, if anything was. */
  files?: FileTree;
  /** Called when it ends. */
  onExit: Set<() => void>;
}

/** What one simulated node holds, and the few ways in which it changes. */
export class SimulatedWorld {
  readonly clock: Clock;
  readonly sandboxes = new Map<string, SimulatedSandbox>();
  readonly containers = new Map<string, SimulatedContainer>();
  readonly listeners = new Set<(event: RuntimeEvent) => void>();
  readonly files: SimulatedOptions['files'];
  readonly hasImage: (name: string) => boolean;
  readonly answers: (address: string) => boolean;
  addresses: AddressPools | undefined;
  readonly #random: Random;
  readonly #latencies: Latencies;

  constructor(options: SimulatedOptions) {
    this.clock = options.clock;
    this.files = options.files;
    this.hasImage = options.hasImage ?? (() => true);
    this.answers = options.answers ?? (() => true);
    this.#random = options.random;
    this.#latencies = { sandboxMs: 0, startMs: 0, pullMs: 0, execMs: 0, ...options.latencies };
    if (options.podCidrs) this.addresses = new AddressPools(options.podCidrs);
  }

  /** 64 hexadecimal digits, as containerd's. */
  newId(): string {
    return Buffer.from(this.#random.bytes(32)).toString('hex');
  }

  async takesTime(what: keyof Latencies, signal?: AbortSignal): Promise<void> {
    const typicalMs = this.#latencies[what];
    if (typicalMs > 0) await this.clock.sleep(typicalMs * (1 + this.#random.next() / 2), signal);
  }

  sandbox(id: string): SimulatedSandbox {
    const found = this.sandboxes.get(id);
    if (!found) throw new RuntimeError('NotFound', `sandbox ${id} is not there`);
    return found;
  }

  container(id: string): SimulatedContainer {
    const found = this.containers.get(id);
    if (!found) throw new RuntimeError('NotFound', `container ${id} is not there`);
    return found;
  }

  containersOf(sandboxId: string): SimulatedContainer[] {
    return [...this.containers.values()].filter((c) => c.sandbox.id === sandboxId);
  }

  tell(event: RuntimeEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Marks a running container as ended, once. */
  end(c: SimulatedContainer, exitCode: number, reason?: string): void {
    if (c.state !== 'running') return;
    c.exitTimer?.cancel();
    c.state = 'exited';
    c.exitCode = exitCode;
    c.reason = reason ?? (exitCode === 0 ? 'Completed' : 'Error');
    c.finishedAtMs = this.clock.now();
    if (c.reason === 'OOMKilled') this.tell({ type: 'outOfMemory', id: c.id });
    for (const notify of c.onExit) notify();
    c.onExit.clear();
    this.tell({ type: 'exited', id: c.id, exitCode, atMs: c.finishedAtMs });
  }

  logPath(c: SimulatedContainer): string {
    return `${c.sandbox.spec.logDirectory}/${c.spec.logPath}`;
  }

  /** Writes lines to a container's log in the format of the runtime interface. */
  async log(c: SimulatedContainer, text: string): Promise<void> {
    if (!this.files) return;
    const path = this.logPath(c);
    const stamp = new Date(this.clock.now()).toISOString();
    const lines = text.replace(/\n$/, '').split('\n');
    await this.files.makeDir(path.slice(0, path.lastIndexOf('/')));
    await this.files.append(path, lines.map((line) => `${stamp} stdout F ${line}\n`).join(''));
  }
}
