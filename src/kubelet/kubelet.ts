import { setMaxListeners } from 'node:events';
import type { Node } from '../api/core/v1.ts';
import type { Component } from '../client/component.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import type { HttpServer } from '../platform/http.ts';
import { orAborted } from '../platform/on-abort.ts';
import { type Assembly, assemble, type Watched, watch } from './assembly.ts';
import { defaultIntervals, type KubeletIntervals, type KubeletOptions } from './config.ts';
import { LogRotator } from './logs/log-rotator.ts';
import { NodeAgent } from './node/node-agent.ts';
import type { HostFacts } from './node/node-host.ts';
import { readNodeFacts } from './node/read-facts.ts';
import { repeat, untilDone } from './node/repeat.ts';
import type { NodeContext } from './pods/context.ts';
import { EventFollower } from './pods/event-follower.ts';
import { Housekeeper } from './pods/housekeeper.ts';
import { Intake } from './pods/intake.ts';
import type { NodeFacts } from './pods/node-facts.ts';
import { Relister } from './pods/relister.ts';
import { StaticPods } from './pods/static-pods.ts';
import { KubeletServer } from './server/kubelet-server.ts';
import { settingsOf } from './server/settings.ts';

/** What everything else waits for is tried again after this time. */
const startRetryMs = 1000;

/** The kubelet of one node: runs the pods that the API gives to it. Stopping it leaves the pods running. */
export function createKubelet(options: KubeletOptions): Component {
  return { name: 'kubelet', run: (signal) => runKubelet(options, signal) };
}

async function runKubelet(options: KubeletOptions, signal: AbortSignal): Promise<void> {
  const { client, platform, nodeName, runtime } = options;
  const { clock, random } = platform;
  const log = platform.log.named('kubelet');
  const source = { component: 'kubelet', host: nodeName };
  const recorder = new EventRecorder({ client, clock, random, log, source });
  const context: NodeContext = { nodeName, client, runtime, platform: { ...platform, log }, recorder };
  const own = AbortSignal.any([signal]);
  // All of a node hangs on this one.
  setMaxListeners(0, own);
  await new Kubelet(options, context).run(own);
  await recorder.flush();
}

interface Running {
  signal: AbortSignal;
  agent: NodeAgent;
  machine: HostFacts;
  facts: NodeFacts;
  watched: Watched;
  parts: Assembly;
}

/** A kubelet from its start to its stop. */
class Kubelet {
  readonly #options: KubeletOptions;
  readonly #context: NodeContext;
  readonly #intervals: KubeletIntervals;
  #port = 0;
  /** There once the node is registered and what it is to run is known. */
  #parts: Assembly | undefined;

  constructor(options: KubeletOptions, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#intervals = { ...defaultIntervals, ...options.intervals };
  }

  async run(signal: AbortSignal): Promise<void> {
    const machine = await this.#options.host.facts();
    const agent = this.#agent(machine);
    await agent.poll();
    await this.#untilDone(signal, 'node not registered yet', () => agent.register());
    if (!signal.aborted) this.#options.onRegistered?.();
    const runtimeName = await this.#untilDone(signal, 'runtime does not answer yet', async () => {
      return (await this.#context.runtime.version()).name;
    });
    if (signal.aborted || runtimeName === undefined) return;
    const watched = watch(this.#context, signal);
    await orAborted(watched.informers.synced(), signal);
    if (!signal.aborted) {
      const facts = await readNodeFacts(this.#options, machine);
      const networkTrouble = () => agent.networkTrouble();
      const [options, context] = [this.#options, this.#context];
      const report = () => agent.report();
      const parts = assemble({ options, context, facts, watched, runtimeName, networkTrouble, report });
      await this.#findPlugins(parts);
      this.#parts = parts;
      await this.#work({ signal, agent, machine, facts, watched, parts });
    }
    await watched.informers.stopped();
  }

  async #findPlugins({ plugins }: Assembly): Promise<void> {
    const { plugins: dir } = this.#options.dirs;
    if (!plugins || dir === undefined) return;
    // Whoever registers may want the folder to be there before.
    await this.#context.platform.files.makeDir(dir, { mode: 0o750 });
    await plugins.csi.load();
    await plugins.dra.start();
    await plugins.devices.start().catch(this.#tell('plugins of devices cannot make themselves known'));
  }

  #agent(machine: HostFacts): NodeAgent {
    const { host, node: identity, dirs } = this.#options;
    return new NodeAgent({
      context: this.#context,
      host,
      facts: machine,
      identity,
      rootDir: dirs.root,
      intervals: this.#intervals,
      port: () => this.#port,
      onReady: () => this.#parts?.workers.wakeAll(),
      volumesInUse: () => this.#parts?.plugins?.csi.inUse(),
      devices: () => this.#parts?.plugins?.devices.capacity(),
      pressure: () =>
        this.#parts?.evictor.pressure() ?? { memoryPressure: false, diskPressure: false, pidPressure: false },
    });
  }

  #untilDone<T>(signal: AbortSignal, what: string, task: () => Promise<T>): Promise<T | undefined> {
    const { clock, log } = this.#context.platform;
    const onError = (error: Error) => log.warn(what, { error: error.message });
    return untilDone({ clock, intervalMs: startRetryMs, signal, task, onError });
  }

  async #work(running: Running): Promise<void> {
    const { signal, watched, parts } = running;
    const { workers, statuses, probes, objects, view } = parts;
    const { intake, statics } = this.#sources(running);
    const relister = new Relister(this.#context, view, workers);
    const relist = () => relister.relist();
    this.#followPodCidrs(watched.node, running.agent);
    const writing = statuses.run(signal);
    intake.start();
    await statics?.sync().catch(this.#tell('static pods not in order'));
    // Only now is it known whose devices are not needed any more.
    parts.plugins?.devices.follow(() => workers.present());
    await relist().catch(this.#tell('runtime not listed'));
    new EventFollower({ context: this.#context, view, workers, relist }).run(signal);
    const server = await this.#serve(running);
    await parts.podResources?.start().catch(this.#tell('nobody can be told of the devices of pods'));
    await Promise.all([...this.#chores(running, relist, statics), running.agent.run(signal), writing]);
    await server?.close();
    await parts.podResources?.stop();
    await parts.plugins?.devices.stop();
    await parts.plugins?.dra.stop();
    await workers.stop();
    probes.stop();
    objects.stop();
  }

  /** Where pods come from: the API, and the folder of this node. */
  #sources({ watched, parts }: Running): { intake: Intake; statics: StaticPods | undefined } {
    const { workers, taken, statuses, plugins } = parts;
    const context = this.#context;
    const node = () => watched.node.get(context.nodeName);
    const onMirror = () => void statics?.sync().catch(this.#tell('static pods not in order'));
    const devices = plugins?.devices;
    const intake = new Intake({
      context,
      pods: watched.pods,
      node,
      workers,
      taken,
      statuses,
      devices,
      onMirror,
    });
    const dir = this.#options.dirs.staticPods;
    const admit = intake.admit.bind(intake);
    const more = { context, informer: watched.pods, workers, statuses, node, admit };
    const statics = dir === undefined ? undefined : new StaticPods({ dir, ...more });
    return { intake, statics };
  }

  /** What is done again and again, each in its own rhythm. */
  #chores({ signal, facts, parts }: Running, relist: () => Promise<void>, statics: StaticPods | undefined) {
    const context = this.#context;
    const { clock } = context.platform;
    const { workers, volumes, plugins, volumeMeter, evictor, collector } = parts;
    const keeper = new Housekeeper({ context, host: this.#options.host, facts, workers, volumes });
    const rotator = new LogRotator(context);
    const every = (intervalMs: number, what: string, task: () => Promise<void>) =>
      repeat({ clock, intervalMs, signal, task, onError: this.#tell(what) });
    return [
      every(this.#intervals.relistMs, 'runtime not listed', relist),
      ...(statics
        ? [every(this.#intervals.staticPodsMs, 'static pods not in order', () => statics.sync())]
        : []),
      ...(plugins
        ? [
            every(this.#intervals.pluginsMs, 'plugins not looked for', () => plugins.registry.scan()),
            every(this.#intervals.housekeepingMs, 'volumes of drivers not tidied', () => plugins.csi.tidy()),
            every(this.#intervals.claimsMs, 'claims not tidied', () =>
              plugins.dra.tidy(workers.present(), signal),
            ),
          ]
        : []),
      ...(volumeMeter
        ? [every(this.#intervals.volumeStatsMs, 'volumes not measured', () => volumeMeter.measure())]
        : []),
      every(this.#intervals.evictionMs, 'eviction failed', () => evictor.check()),
      every(this.#intervals.imageGcMs, 'images not collected', () => collector.collect()),
      every(this.#intervals.logRotationMs, 'logs not rotated', () => rotator.rotate()),
      every(this.#intervals.housekeepingMs, 'housekeeping failed', () => keeper.tidy()),
    ];
  }

  /** Answers the API server and its users. */
  async #serve({ machine, facts, parts }: Running): Promise<HttpServer | undefined> {
    const { server: listening, host } = this.#options;
    if (!listening) return undefined;
    const { workers, view, statuses, probes, volumeMeter, meter } = parts;
    const settings = settingsOf(this.#options);
    const { logsDir } = facts;
    const volumesOf = (podUid: string) => volumeMeter?.of(podUid) ?? [];
    const more = { workers, view, statuses, probes, volumesOf, settings, logsDir, meter };
    const server = await new KubeletServer({ context: this.#context, host, facts: machine, ...more }).listen(
      listening,
    );
    this.#port = server.port;
    return server;
  }

  /** Runtimes that give pods their addresses themselves are told from which ranges, and may be ready by it. */
  #followPodCidrs(informer: Informer<Node>, agent: NodeAgent): void {
    const { runtime } = this.#context;
    let told: string | undefined;
    const follow = (node: Node) => {
      const cidrs = node.spec.podCIDRs ?? [];
      const text = cidrs.join(',');
      if (cidrs.length === 0 || text === told) return;
      told = text;
      const look = () => agent.look().catch(this.#tell('node status not written'));
      runtime.setPodCidrs(cidrs).then(look, (error: Error) => {
        told = undefined;
        this.#tell('runtime does not take the range of pod addresses')(error);
      });
    };
    informer.onChange({ added: follow, updated: follow });
  }

  #tell(what: string): (error: Error) => void {
    return (error) => this.#context.platform.log.warn(what, { error: error.message });
  }
}
