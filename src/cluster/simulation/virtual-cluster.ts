import type { Latencies } from '../../kubelet/runtimes/simulated/world.ts';
import type { Kind, MeasuredUsage, UserInfo } from '../../apiserver/registry/kind.ts';
import { Client } from '../../client/client.ts';
import type { ApiRequest, Transport } from '../../client/transport.ts';
import { deferred } from '../../platform/deferred.ts';
import { createLog, type Log, type LogLine, silentLog } from '../../platform/log.ts';
import { type Random, seededRandom } from '../../platform/random.ts';
import { turnsOver } from '../../platform/turn.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { MemoryEngine } from '../../store/memory-engine.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import type { Store, Watcher } from '../../store/store.ts';
import { administrator } from '../server-certificates.ts';
import { nodeNameOf } from '../hosts/layout.ts';
import { SimulatedApi } from './api.ts';
import { type ControllerReplacements, runControllerManager, runScheduler } from './control-plane.ts';
import { disturber } from './disturber.ts';
import { checkFaults, type Faults, noFaults } from './faults.ts';
import { type Life, mortalClock } from './life.ts';
import { Link } from './link.ts';
import { Machine, type MachineSize } from './machine.ts';
import { SimulatedProcess } from './process.ts';
import { spanMs } from './span.ts';
import { clusterTemplate } from './template.ts';
import { formatWrite, type Trace, TraceRecorder } from './trace.ts';
import { type ToldScheduling, tellingWhere, toldScheduling } from '../scheduler-configuration.ts';
import { simulatedUsage } from './usage.ts';

export interface VirtualClusterOptions {
  /** Simulated nodes, `node-1` and so on. None unless given. */
  nodes?: number;
  /** Decides everything that is left to chance; the same seed gives the same cluster, write for write. 1 unless given. */
  seed?: number;
  /** 4 processors and 16 GiB unless given. */
  nodeSize?: MachineSize;
  /**
   * How often nodes say that they live; 10 s unless given. Most of what happens in a cluster at rest is that, so a test of
   * many hours or nodes is faster with fewer. A node that falls silent is noticed 40 s after it should have been heard.
   */
  heartbeat?: number | string;
  /** What goes wrong from the start; nothing unless given. */
  faults?: Partial<Faults>;
  /** Whether components write Events; they do unless given. Events are a third of all writes, and change nothing. */
  events?: boolean;
  /** How long what nodes do takes; no time unless given. */
  latencies?: Partial<Latencies>;
  /** Whether what listens at a pod's address answers its probes; it does unless given. */
  answers?(address: string): boolean;
  /** Whether a registry has an image, such as `docker.io/library/app:1`; it does unless given. */
  hasImage?(name: string): boolean;
  /** Controllers in place of the cluster's own, by their names: for planting mistakes. */
  controllers?: ControllerReplacements;
  /** How the scheduler decides; as upstream's does by default unless given. There is no way to extenders. */
  scheduler?: ToldScheduling;
  /** What the API server serves in place of its own kinds: for planting mistakes. */
  kinds?: readonly Kind[];
  /** What nodes and pods use; what the annotations of their pods say unless given. */
  usage?(): Promise<MeasuredUsage>;
  /** Receives what components say; nobody does unless given. */
  onLog?(line: LogLine): void;
}

const ordinarySize: MachineSize = { cpus: 4, memoryBytes: 16 * 2 ** 30 };
/** What follows within this time counts as part of what happens now. */
const quietMs = 100;
/** What has not come to rest in this time does not come to rest. */
const restlessMs = 60_000;

const anotherWriter: UserInfo = { ...administrator, name: 'another-writer' };

/** A number of its own for each name, from one seed. */
function seedFor(seed: number, name: string): number {
  let hash = seed | 0;
  for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) ^ (hash >>> 15);
  return hash >>> 0;
}

/** A whole cluster in this process, on a clock that moves only when it is told to. */
export class VirtualCluster {
  /** A client with all rights. A call lets time pass where it has to wait, and never meets faults. */
  readonly client: Client;
  /** Kills and starts parts of the cluster: `kube-apiserver` and what is in `processes`. */
  readonly processes = new Map<string, SimulatedProcess>();
  readonly #options: VirtualClusterOptions;
  readonly #seed: number;
  readonly #log: Log;
  readonly #clock: VirtualClock;
  readonly #store: Store;
  readonly #api: SimulatedApi;
  readonly #trace: TraceRecorder;
  readonly #machines = new Map<string, Machine>();
  readonly #links = new Map<string, Set<Link>>();
  #faults: Faults;
  #isRunning = false;
  #isOver = false;
  readonly #ended = deferred();
  /** Why nothing runs any more. */
  #runaway: Error | undefined;

  private constructor(
    options: VirtualClusterOptions,
    parts: { clock: VirtualClock; store: Store; log: Log },
  ) {
    this.#options = options;
    this.#seed = options.seed ?? 1;
    this.#log = parts.log;
    this.#clock = parts.clock;
    this.#store = parts.store;
    this.#faults = { ...noFaults, ...options.faults };
    const { kinds, usage = () => simulatedUsage(this.#machines.values(), this.now()) } = options;
    this.#api = new SimulatedApi({ ...parts, kinds, usage, random: this.#random('kube-apiserver') });
    this.#trace = new TraceRecorder(
      () => parts.clock.now(),
      () => this.#runAway(),
    );
    this.client = new Client(this.#driven());
  }

  static async start(options: VirtualClusterOptions = {}): Promise<VirtualCluster> {
    const { engine, timeMs } = await clusterTemplate();
    const clock = new VirtualClock(timeMs);
    const store = createMemoryStore({ clock, engine: new MemoryEngine(engine) });
    const { onLog: write } = options;
    const log = write ? createLog({ clock, level: 'debug', write }) : silentLog;
    const cluster = new VirtualCluster(options, { clock, store, log });
    await cluster.#trace.follow(store, (await store.status()).revision);
    await cluster.#begin();
    return cluster;
  }

  async #begin(): Promise<void> {
    await this.#api.start();
    const { controllers = {}, nodes = 0, scheduler } = this.#options;
    const nodeLifecycle = { graceMs: spanMs(this.#options.heartbeat ?? '10s') + 40_000 };
    this.#process('kube-controller-manager', (parts) =>
      runControllerManager(parts, {
        server: () => this.#api.server,
        replacements: controllers,
        nodeLifecycle,
      }),
    );
    const scheduling = scheduler && toldScheduling(scheduler);
    this.#process('kube-scheduler', (parts) => tellingWhere(() => runScheduler(parts, scheduling)));
    for (let i = 1; i <= nodes; i++) this.addNode(nodeNameOf(i));
    await this.settle();
  }

  /** Wall time in milliseconds since the epoch. A cluster begins a little after the start of 2026. */
  now(): number {
    return this.#clock.now();
  }

  /** What goes wrong from now on; what is not given stays as it is. */
  setFaults(faults: Partial<Faults>): void {
    checkFaults(faults);
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Nothing goes wrong any more, and all connections are mended. */
  calm(): void {
    this.#faults = noFaults;
    for (const name of this.#links.keys()) this.mend(name);
  }

  /** Adds a machine and starts its kubelet; the Node is there when it has registered itself. */
  addNode(name: string, size: MachineSize = this.#options.nodeSize ?? ordinarySize): void {
    const random = this.#random(`machine ${name}`);
    const { latencies, answers, hasImage } = this.#options;
    const heartbeatMs = spanMs(this.#options.heartbeat ?? '10s');
    const clock = this.#clock;
    const machine = new Machine({ name, size, clock, random, heartbeatMs, latencies, answers, hasImage });
    this.#machines.set(name, machine);
    this.#process(name, (parts) => machine.runKubelet(parts));
  }

  /** The pods that have a running container on a machine, as `namespace/name`, whatever the API says. */
  async running(name: string): Promise<string[]> {
    return (await this.#machines.get(name)?.running()) ?? [];
  }

  /** Switches a machine off: its kubelet and its pods are gone. The Node object stays. */
  switchOff(name: string): void {
    this.#processOf(name).stop();
    this.#machines.get(name)?.replace();
  }

  /** Switches a machine on again. */
  switchOn(name: string): void {
    this.#processOf(name).start();
  }

  /** Kills a process; it comes back after a while and has forgotten everything. A kubelet goes by its node's name. */
  crash(name: string, options: { restartAfter?: number | string } = {}): void {
    const restartMs = spanMs(options.restartAfter ?? '1s');
    if (name !== 'kube-apiserver') return this.#processOf(name).crash(restartMs);
    this.#api.crash();
    this.#clock.after(restartMs, () => {
      if (!this.#isOver) void this.#api.start();
    });
  }

  /** Cuts a process off from the API server, such as the kubelet of a node. */
  cut(name: string): void {
    for (const link of this.#links.get(name) ?? []) link.isCut = true;
  }

  mend(name: string): void {
    for (const link of this.#links.get(name) ?? []) link.isCut = false;
  }

  /** Tells of every write, of those so far and then of each as the store takes it. */
  async follow(onBatch: Watcher['onBatch']): Promise<void> {
    await this.#store.watch('/', 0, { onBatch, onEnd() {} });
  }

  /** Sets the wall clock of all machines ahead, or back (`-3h`), as a person or a time server does: no time passes. */
  shiftWall(by: number | string): void {
    const isBack = typeof by === 'string' && by.startsWith('-');
    this.#clock.shiftWall(isBack ? -spanMs(by.slice(1)) : spanMs(by));
  }

  /** Lets time pass, and everything that falls due in it happen: a number of milliseconds, or `90s`, `5m`, `24h`. */
  async advance(span: number | string): Promise<void> {
    await this.#alone(() => this.#clock.advance(spanMs(span)));
  }

  /**
   * Lets everything happen that is left to do now, with what follows from it within moments. Rejects, naming who still
   * writes, where that does not end within a minute of the cluster's time.
   */
  async settle(): Promise<void> {
    await this.#alone(async () => {
      const startMs = this.now();
      let count = -1;
      let untilMs = startMs;
      for (;;) {
        await turnsOver();
        if (this.#trace.count !== count) untilMs = this.now() + quietMs;
        count = this.#trace.count;
        if (this.now() - startMs > restlessMs) throw new Error(this.#restless());
        const next = this.#clock.untilNext();
        if (next === undefined || this.now() + next > untilMs) return;
        await this.#clock.advance(next);
      }
    });
  }

  trace(): Trace {
    return this.#trace.trace();
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    this.#end();
    await this.#store.close();
  }

  #end(): void {
    this.#isOver = true;
    this.#ended.resolve();
    for (const process of this.processes.values()) process.stop();
    this.#api.crash();
  }

  /** Nobody gets a turn while something writes without end: everything is ended, and the next who moves time hears of it. */
  #runAway(): void {
    const lines = this.#trace.last(10).map(formatWrite);
    this.#runaway = new Error(`the cluster writes without end while no time passes\n${lines.join('\n')}`);
    this.#end();
  }

  #restless(): string {
    const lines = this.#trace.last(10).map(formatWrite);
    return `the cluster does not come to rest within ${restlessMs / 1000} s; it last wrote\n${lines.join('\n')}`;
  }

  #random(name: string): Random {
    return seededRandom(seedFor(this.#seed, name));
  }

  #process(name: string, run: (parts: Parameters<typeof runScheduler>[0]) => void): void {
    const random = this.#random(name);
    const process = new SimulatedProcess({
      name,
      clock: this.#clock,
      start: (life) => {
        const world = { clock: mortalClock(this.#clock, life), random, log: this.#log.named(name) };
        run({ life, world, transportFor: (user) => this.#link(name, user, life) });
      },
    });
    this.processes.set(name, process);
    process.start();
  }

  #processOf(name: string): SimulatedProcess {
    const process = this.processes.get(name);
    if (!process) throw new Error(`there is no ${name}; there are ${[...this.processes.keys()].join(', ')}`);
    return process;
  }

  #link(name: string, user: UserInfo, life: Life): Transport {
    const links = this.#links.get(name) ?? new Set();
    this.#links.set(name, links);
    const random = this.#random(`${name} as ${user.name}`);
    const link = new Link({
      life,
      server: () => this.#api.transportFor(user),
      isSilent: this.#options.events === false,
      onServerCrash: (fn) => this.#api.onCrash(fn),
      clock: this.#clock,
      random,
      faults: () => this.#faults,
      disturb: (request) => this.#disturb(request),
      crash: () => this.#processOf(name).crash(1 + random.int(this.#faults.crashMs)),
    });
    links.add(link);
    life.onEnd(() => links.delete(link));
    return link;
  }

  readonly #disturb = disturber(() => this.#api.transportFor(anotherWriter));

  /** The administrator's way: time passes while an answer takes it. */
  #driven(): Transport {
    const server = () => {
      const transport = this.#api.transportFor(administrator);
      if (!transport) throw new Error('the API server does not answer');
      return transport;
    };
    return {
      request: (request: ApiRequest) => this.#drive(server().request(request)),
      watch: (request, sink) => this.#drive(server().watch(request, sink)),
    };
  }

  /** Moves time until a promise has settled; whoever moves it already takes others along. Rejects once everything has ended: nobody answers then. */
  async #drive<T>(promise: Promise<T>): Promise<T> {
    const state = { isOver: false };
    const note = () => {
      state.isOver = true;
    };
    const over = promise.then(note, note);
    if (this.#isRunning) await Promise.race([over, this.#ended.promise]);
    else
      await this.#alone(async () => {
        for (await turnsOver(); !state.isOver && !this.#isOver; )
          await this.#clock.advance(this.#clock.untilNext() ?? 0);
      });
    if (!state.isOver && this.#isOver) throw new Error('the cluster has been stopped');
    return promise;
  }

  async #alone(run: () => Promise<void>): Promise<void> {
    if (this.#isRunning) throw new Error('time is moved already: await one call before the next');
    this.#isRunning = true;
    try {
      await run();
      if (this.#runaway) throw this.#runaway;
    } finally {
      this.#isRunning = false;
    }
  }
}
