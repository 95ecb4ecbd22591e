import { Duplex } from 'node:stream';
import { deferred } from '../../../platform/deferred.ts';
import { RuntimeError } from '../runtime-error.ts';
import type { CallOptions, PortForwardSession, Sandboxes } from '../runtime.ts';
import type { Sandbox, SandboxFilter, SandboxSpec, SandboxStats, SandboxStatus } from '../types.ts';
import { hasLabels } from './labels.ts';
import { containerStats } from './stats.ts';
import type { SimulatedSandbox, SimulatedWorld } from './world.ts';

/** Sandboxes that are nothing but an address. */
export class SimulatedSandboxes implements Sandboxes {
  readonly #world: SimulatedWorld;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  async run(spec: SandboxSpec, options: CallOptions = {}): Promise<string> {
    const { uid, attempt, name } = spec.pod;
    const twin = [...this.#world.sandboxes.values()].find(
      (s) => s.spec.pod.uid === uid && s.spec.pod.attempt === attempt,
    );
    if (twin)
      throw new RuntimeError('AlreadyExists', `attempt ${attempt} of pod ${name} has sandbox ${twin.id}`);
    const { addresses } = this.#world;
    const ownNetwork = spec.namespaces.network === 'pod';
    if (ownNetwork && !addresses)
      throw new RuntimeError('FailedPrecondition', 'the node has no addresses for pods yet');
    const id = this.#world.newId();
    const ips = ownNetwork && addresses ? addresses.take() : [];
    const made: SimulatedSandbox = { id, spec, state: 'ready', createdAtMs: this.#world.clock.now(), ips };
    this.#world.sandboxes.set(id, made);
    try {
      await this.#world.takesTime('sandboxMs', options.signal);
    } catch {
      await this.remove(id);
      throw new RuntimeError('Canceled', `sandbox of pod ${name} was given up`);
    }
    return id;
  }

  async stop(id: string): Promise<void> {
    const found = this.#world.sandboxes.get(id);
    if (!found || found.state === 'notReady') return;
    for (const c of this.#world.containersOf(id)) this.#world.end(c, 137);
    this.#world.addresses?.giveBack(found.ips);
    found.ips = [];
    found.state = 'notReady';
    this.#world.tell({ type: 'exited', id, exitCode: 0, atMs: this.#world.clock.now() });
  }

  async remove(id: string): Promise<void> {
    await this.stop(id);
    for (const c of this.#world.containersOf(id)) this.#world.containers.delete(c.id);
    this.#world.sandboxes.delete(id);
  }

  async list(filter: SandboxFilter = {}): Promise<Sandbox[]> {
    return this.#matching(filter).map(sandboxValue);
  }

  async status(id: string): Promise<SandboxStatus> {
    const s = this.#world.sandbox(id);
    return { ...sandboxValue(s), ips: [...s.ips], namespaces: s.spec.namespaces };
  }

  async stats(filter: SandboxFilter = {}): Promise<SandboxStats[]> {
    const timeMs = this.#world.clock.now();
    return this.#matching({ ...filter, state: 'ready' }).map((s) => {
      const containers = this.#world
        .containersOf(s.id)
        .filter((c) => c.state === 'running')
        .map((c) => containerStats(c, timeMs));
      const sum = (of: (c: (typeof containers)[number]) => number | undefined) =>
        containers.reduce((total, c) => total + (of(c) ?? 0), 0);
      return {
        id: s.id,
        pod: s.spec.pod,
        labels: s.spec.labels,
        cpu: {
          timeMs,
          usageCoreNanoseconds: sum((c) => c.cpu?.usageCoreNanoseconds),
          usageNanoCores: sum((c) => c.cpu?.usageNanoCores),
        },
        memory: { timeMs, workingSetBytes: sum((c) => c.memory?.workingSetBytes) },
        network: { timeMs, interfaces: [{ name: 'eth0', rxBytes: 0, rxErrors: 0, txBytes: 0, txErrors: 0 }] },
        processes: containers.length,
        containers,
      };
    });
  }

  /** Nothing listens in a simulated pod: connections end with that. */
  async portForward(id: string): Promise<PortForwardSession> {
    this.#world.sandbox(id);
    const over = deferred();
    return {
      connect: async (port) => {
        const data = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
        data.push(null);
        return { data, error: Promise.resolve(`nothing listens on port ${port} of a simulated pod`) };
      },
      closed: over.promise,
      close: () => over.resolve(),
    };
  }

  #matching({ id, state, labels = {} }: SandboxFilter): SimulatedSandbox[] {
    const all = id ? [this.#world.sandboxes.get(id)] : [...this.#world.sandboxes.values()];
    return all.filter(
      (s): s is SimulatedSandbox =>
        s !== undefined && (!state || s.state === state) && hasLabels(s.spec.labels, labels),
    );
  }
}

function sandboxValue({ id, spec, state, createdAtMs }: SimulatedSandbox): Sandbox {
  const { pod, labels, annotations, runtimeHandler } = spec;
  return { id, pod, state, createdAtMs, labels, annotations, runtimeHandler };
}
