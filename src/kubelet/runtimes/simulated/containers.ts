import { RuntimeError } from '../runtime-error.ts';
import type { CallOptions, Containers, ExecResult, StreamOptions, StreamSession } from '../runtime.ts';
import type {
  Container,
  ContainerFilter,
  ContainerSpec,
  ContainerStats,
  ContainerStatus,
  LinuxResources,
} from '../types.ts';
import { behaviourOf } from './behaviour.ts';
import { openSession, runCommand } from './command.ts';
import type { SimulatedImages } from './images.ts';
import { hasLabels } from './labels.ts';
import { containerStats } from './stats.ts';
import type { SimulatedContainer, SimulatedWorld } from './world.ts';

/** Containers that do what their pod's annotations say. */
export class SimulatedContainers implements Containers {
  readonly #world: SimulatedWorld;
  readonly #images: SimulatedImages;

  constructor(world: SimulatedWorld, images: SimulatedImages) {
    this.#world = world;
    this.#images = images;
  }

  async create(sandboxId: string, spec: ContainerSpec): Promise<string> {
    const sandbox = this.#world.sandbox(sandboxId);
    const image = await this.#images.status(spec.image);
    if (!image) throw new RuntimeError('ImageNotFound', `image ${spec.image} is not on the node`);
    const { name, attempt } = spec.container;
    const same = ({ spec: { container } }: SimulatedContainer) =>
      container.name === name && container.attempt === attempt;
    if (this.#world.containersOf(sandboxId).some(same)) {
      throw new RuntimeError('AlreadyExists', `attempt ${attempt} of container ${name} has a container`);
    }
    const id = this.#world.newId();
    this.#world.containers.set(id, {
      id,
      sandbox,
      spec,
      behaviour: behaviourOf(sandbox.spec.annotations, name, attempt),
      imageId: image.id,
      resources: { ...spec.resources },
      state: 'created',
      createdAtMs: this.#world.clock.now(),
      reason: '',
      message: '',
      onExit: new Set(),
    });
    return id;
  }

  async start(id: string): Promise<void> {
    const c = this.#world.container(id);
    if (c.state !== 'created') throw new RuntimeError('FailedPrecondition', `container ${id} is ${c.state}`);
    await this.#world.takesTime('startMs');
    if (c.behaviour.startError !== undefined) this.#failToStart(c, c.behaviour.startError);
    c.state = 'running';
    c.startedAtMs = this.#world.clock.now();
    this.#world.tell({ type: 'started', id });
    if (c.behaviour.logs) await this.#world.log(c, c.behaviour.logs);
    const { exitAfterMs, exitCode, exitReason } = c.behaviour;
    if (exitAfterMs === undefined) return;
    c.exitTimer = this.#world.clock.after(exitAfterMs, () => this.#world.end(c, exitCode, exitReason));
  }

  #failToStart(c: SimulatedContainer, message: string): never {
    const finishedAtMs = this.#world.clock.now();
    Object.assign(c, { state: 'exited', exitCode: 128, reason: 'StartError', message, finishedAtMs });
    throw new RuntimeError('Internal', message);
  }

  async stop(id: string, timeoutSeconds: number, options: CallOptions = {}): Promise<void> {
    const c = this.#world.containers.get(id);
    if (c?.state !== 'running') return;
    const graceMs = timeoutSeconds * 1000;
    const killed = c.behaviour.stopAfterMs > graceMs;
    const waitMs = Math.min(c.behaviour.stopAfterMs, graceMs);
    if (waitMs > 0) await this.#world.clock.sleep(waitMs, options.signal);
    this.#world.end(c, killed ? 137 : 0);
  }

  async remove(id: string): Promise<void> {
    const c = this.#world.containers.get(id);
    if (!c) return;
    this.#world.end(c, 137);
    this.#world.containers.delete(id);
  }

  async list(filter: ContainerFilter = {}): Promise<Container[]> {
    return this.#matching(filter).map((c) => ({ ...common(c), sandboxId: c.sandbox.id }));
  }

  async status(id: string): Promise<ContainerStatus> {
    const c = this.#world.container(id);
    const { startedAtMs, finishedAtMs, exitCode, reason, message, resources } = c;
    const image = await this.#images.status(c.imageId);
    return {
      ...common(c),
      imageRef: image?.digests[0] ?? c.imageId,
      startedAtMs,
      finishedAtMs,
      exitCode,
      reason,
      message,
      logPath: this.#world.logPath(c),
      mounts: c.spec.mounts,
      resources,
    };
  }

  async stats(filter: ContainerFilter = {}): Promise<ContainerStats[]> {
    const timeMs = this.#world.clock.now();
    return this.#matching({ ...filter, state: 'running' }).map((c) => containerStats(c, timeMs));
  }

  async update(id: string, resources: LinuxResources): Promise<void> {
    Object.assign(this.#world.container(id).resources, resources);
  }

  async execSync(id: string): Promise<ExecResult> {
    const { execExitCode = 0, execOutput = '' } = this.#running(id).behaviour;
    return { exitCode: execExitCode, stdout: Buffer.from(execOutput), stderr: Buffer.alloc(0) };
  }

  /** What the annotations tell; where they are silent, one of a few programs. */
  async exec(id: string, command: string[], wanted: StreamOptions): Promise<StreamSession> {
    const c = this.#running(id);
    await this.#world.takesTime('execMs');
    const { execExitCode, execOutput } = c.behaviour;
    if (execExitCode === undefined && execOutput === undefined)
      return runCommand(this.#world, c, { command, wanted });
    const session = openSession(wanted);
    session.stdout?.write(execOutput ?? '');
    session.end({ exitCode: execExitCode ?? 0 });
    return session;
  }

  /** Prints nothing, and lasts as long as the container. */
  async attach(id: string, wanted: StreamOptions): Promise<StreamSession> {
    const c = this.#running(id);
    const session = openSession(wanted);
    session.stdin?.resume();
    c.onExit.add(() => session.end({ exitCode: 0 }));
    return session;
  }

  async reopenLog(id: string): Promise<void> {
    this.#running(id);
  }

  #running(id: string): SimulatedContainer {
    const c = this.#world.container(id);
    if (c.state !== 'running') throw new RuntimeError('FailedPrecondition', `container ${id} is ${c.state}`);
    return c;
  }

  #matching({ id, sandboxId, state, labels = {} }: ContainerFilter): SimulatedContainer[] {
    const all = id ? [this.#world.containers.get(id)] : [...this.#world.containers.values()];
    return all.filter(
      (c): c is SimulatedContainer =>
        c !== undefined &&
        (!sandboxId || c.sandbox.id === sandboxId) &&
        (!state || c.state === state) &&
        hasLabels(c.spec.labels, labels),
    );
  }
}

function common(c: SimulatedContainer) {
  const { id, state, createdAtMs, imageId, spec } = c;
  const { container, image, labels, annotations } = spec;
  return { id, container, state, image: spec.userImage ?? image, imageId, createdAtMs, labels, annotations };
}
