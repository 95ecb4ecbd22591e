import type { Container, EphemeralContainer, Pod, PodStatus, Secret } from '../../api/core/v1.ts';
import { runtimeclasses } from '../../api/generated/resources.ts';
import { podDns } from '../containers/dns.ts';
import { hostsFile, kernelHostname, podNames } from '../containers/hostname.ts';
import { podLogDirectory, sandboxSpec } from '../containers/sandbox-spec.ts';
import { podCgroupPath } from '../cgroups/pod-cgroup.ts';
import type { ImagePuller } from '../images/image-puller.ts';
import type { SandboxSpec } from '../runtimes/types.ts';
import type { StartFailure } from '../status/container-statuses.ts';
import type { KubeletOptions } from '../config.ts';
import type { DraManager } from '../dra/dra-manager.ts';
import { removeWithLogs } from '../logs/container-logs.ts';
import { podDirs } from '../volumes/dirs.ts';
import type { MountedVolume } from '../volumes/mounter.ts';
import { type MountedVolumes, usedVolumes } from '../volumes/volume-manager.ts';
import { formatSpan, KeyedBackoff } from './backoff.ts';
import { type NodeContext, podEvent } from './context.ts';
import type { Killer } from './killer.ts';
import { containerHash } from './labels.ts';
import type { NodeFacts } from './node-facts.ts';
import type { ObjectCache } from './object-cache.ts';
import { planPod, type PodPlan, type ProbeView } from './plan.ts';
import { isSidecar, podFullName } from './pod-kinds.ts';
import { qosClassOf } from '../../machinery/qos.ts';
import type { Resizer } from './resizer.ts';
import { isRestartingAll } from './restart-all.ts';
import { inNodeOrder } from './pod-ips.ts';
import { podIpsOf, type RuntimePod } from './runtime-pod.ts';
import { StartError } from './start-error.ts';
import type { Starter, StartRound } from './starter.ts';

export interface SyncerOptions {
  context: NodeContext;
  facts: NodeFacts;
  images: ImagePuller;
  objects: ObjectCache;
  starter: Starter;
  killer: Killer;
  probes: ProbeView;
  resizer: Resizer;
  /** Claims to devices of drivers; none are made ready where absent. */
  dra: DraManager | undefined;
  admitToNetwork?: KubeletOptions['admitToNetwork'];
}

export interface SyncInput {
  pod: Pod;
  runtime: RuntimePod;
  /** What was last said of the pod. */
  status: PodStatus;
  volumes: MountedVolumes;
  signal: AbortSignal;
}

/** What a round left undone. */
export interface SyncResult {
  /** When it is worth coming back, if nothing happens before. */
  retryAfterMs?: number;
}

const crashBackoff = { baseMs: 10_000, maxMs: 300_000 };

/** Brings what runs closer to what a pod wants: carries one plan out. */
export class Syncer {
  readonly #options: SyncerOptions;
  readonly #crashes = new KeyedBackoff(crashBackoff);
  readonly #failures = new Map<string, StartFailure>();

  constructor(options: SyncerOptions) {
    this.#options = options;
  }

  /** Why a container could not be started the last time. */
  failureOf(podUid: string, container: string): StartFailure | undefined {
    return this.#failures.get(`${podUid}/${container}`);
  }

  /** The pod is gone: nothing counts against it any more. */
  forget(podUid: string): void {
    this.#crashes.forget(`${podUid}/`);
    for (const key of this.#failures.keys()) if (key.startsWith(`${podUid}/`)) this.#failures.delete(key);
  }

  /** One round. Rejects where it could not even begin; containers that fail are told by `failureOf`. */
  async sync(input: SyncInput): Promise<SyncResult> {
    const { pod, runtime, status, signal } = input;
    const restartAll = isRestartingAll(status);
    const plan = planPod({ pod, runtime, probes: this.#options.probes, restartAll });
    if (plan.clear.length > 0) return this.#clear(input, plan);
    await this.#stop(input, plan);
    if (!plan.killPod) await this.#options.resizer.resize(pod, runtime, signal);
    const starts = [...plan.startEphemeral, ...plan.startInit, ...plan.start];
    if (!plan.sandbox.create && (starts.length === 0 || plan.killPod)) return {};
    if (plan.sandbox.create) await this.#prepareClaims(pod, signal);
    const sandbox = await this.#sandboxSpec(pod, plan.sandbox.attempt).catch((error: Error) => {
      throw this.#noSandbox(pod, error);
    });
    const sandboxId = plan.sandbox.create
      ? await this.#createSandbox(input, sandbox)
      : (plan.sandbox.id as string);
    const podIps = await this.#podIps(input, plan, sandboxId);
    await this.#writeHosts(pod, podIps);
    await this.#options.admitToNetwork?.(pod, podIps);
    const pullSecrets = await this.#pullSecrets(pod);
    const volumes = await this.#withImages(input, sandbox, pullSecrets);
    const round = { pod, runtime, status, sandboxId, sandbox, podIps, volumes, pullSecrets, signal };
    return this.#startAll(round, plan);
  }

  /** Once nothing is left of the containers, the pod starts over. */
  async #clear({ pod, runtime, signal }: SyncInput, { clear }: PodPlan): Promise<SyncResult> {
    await this.#options.killer.clear({ pod, runtime, signal }, clear);
    for (const { name } of clear) this.#failures.delete(`${pod.metadata.uid}/${name}`);
    return { retryAfterMs: 0 };
  }

  async #stop({ pod, runtime, signal }: SyncInput, plan: PodPlan): Promise<void> {
    const { killer, context } = this.#options;
    if (!plan.killPod) {
      for (const { id, message, reason } of plan.kill) {
        const target = runtime.containers.find((c) => c.id === id);
        if (target) await killer.kill({ pod, runtime, target, message, reason, signal });
      }
      return;
    }
    if (plan.sandbox.create && plan.sandbox.id) {
      const message = 'Pod sandbox changed, it will be killed and re-created.';
      podEvent(context, pod, { reason: 'SandboxChanged', message });
    }
    await killer.killPod({ pod, runtime, signal });
    if (plan.sandbox.create) await this.#dropInit(pod, runtime);
  }

  /** In a new sandbox initialisation begins anew, so what remains of the last must not count. */
  async #dropInit(pod: Pod, runtime: RuntimePod): Promise<void> {
    const names = new Set(pod.spec.initContainers?.map((c) => c.name));
    const old = runtime.containers.filter((c) => names.has(c.name));
    await Promise.all(old.map((c) => removeWithLogs(this.#options.context, c.id)));
  }

  /** What fails is tried again, with the pod waiting meanwhile. */
  async #prepareClaims(pod: Pod, signal: AbortSignal): Promise<void> {
    await this.#options.dra?.prepare(pod, signal).catch((error: Error) => {
      signal.throwIfAborted();
      const message = `Failed to prepare dynamic resources: ${error.message}`;
      const reason = 'FailedPrepareDynamicResources';
      podEvent(this.#options.context, pod, { type: 'Warning', reason, message });
      throw error;
    });
  }

  async #sandboxSpec(pod: Pod, attempt: number): Promise<SandboxSpec> {
    const { facts } = this.#options;
    if (pod.spec.hostUsers === false)
      throw new Error('this node cannot give pods user namespaces of their own');
    const names = podNames(pod, facts.dns.clusterDomain);
    const dns = podDns(pod, facts.dns);
    for (const message of dns.warnings)
      podEvent(this.#options.context, pod, { type: 'Warning', reason: 'DNSConfigForming', message });
    return sandboxSpec({
      pod,
      attempt,
      hostname: kernelHostname(pod, names),
      dns: dns.config,
      logDirectory: podLogDirectory(facts.logsDir, pod),
      cgroupParent: podCgroupPath(facts.podsCgroup, pod.metadata.uid as string, qosClassOf(pod)),
      defaults: facts.defaults,
      runtimeHandler: await this.#runtimeHandler(pod),
    });
  }

  async #runtimeHandler(pod: Pod): Promise<string | undefined> {
    const name = pod.spec.runtimeClassName;
    if (!name) return undefined;
    return (await this.#options.context.client.of(runtimeclasses).get({ name })).handler;
  }

  async #createSandbox({ pod, signal }: SyncInput, spec: SandboxSpec): Promise<string> {
    const { context } = this.#options;
    await context.platform.files.makeDir(spec.logDirectory);
    try {
      return await context.runtime.sandboxes.run(spec, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#noSandbox(pod, error as Error);
    }
  }

  #noSandbox(pod: Pod, error: Error): Error {
    const message = `Failed to create pod sandbox: ${error.message}`;
    podEvent(this.#options.context, pod, { type: 'Warning', reason: 'FailedCreatePodSandBox', message });
    return error;
  }

  async #podIps({ pod, runtime }: SyncInput, plan: PodPlan, sandboxId: string): Promise<string[]> {
    if (pod.spec.hostNetwork) return this.#options.facts.hostIps;
    const { hostIps } = this.#options.facts;
    if (!plan.sandbox.create) return inNodeOrder(podIpsOf(runtime), hostIps);
    return inNodeOrder((await this.#options.context.runtime.sandboxes.status(sandboxId)).ips, hostIps);
  }

  async #writeHosts(pod: Pod, podIps: string[]): Promise<void> {
    const { facts, context } = this.#options;
    const { files } = context.platform;
    const dirs = podDirs(facts.rootDir, pod.metadata.uid as string);
    const text = hostsFile(pod, podNames(pod, facts.dns.clusterDomain), {
      podIps,
      nodeHosts: facts.hostsFile,
    });
    if ((await files.readText(dirs.etcHosts).catch(() => undefined)) === text) return;
    await files.makeDir(dirs.pod, { mode: 0o750 });
    // In place: running containers have this very file mounted.
    await files.write(dirs.etcHosts, text, { mode: 0o644 });
  }

  async #pullSecrets(pod: Pod): Promise<Secret[]> {
    const names = (pod.spec.imagePullSecrets ?? []).flatMap((s) => s.name ?? []);
    const namespace = pod.metadata.namespace as string;
    const found = await Promise.all(names.map((name) => this.#options.objects.secret(namespace, name)));
    const missing = names.filter((_, i) => !found[i]);
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
      podEvent(this.#options.context, pod, {
        type: 'Warning',
        reason: 'FailedToRetrieveImagePullSecret',
        message,
      });
    }
    return found.filter((s) => s !== undefined);
  }

  /** The pod's volumes with those that show images. */
  async #withImages(input: SyncInput, sandbox: SandboxSpec, secrets: Secret[]): Promise<MountedVolumes> {
    const { pod, signal } = input;
    const all = new Map<string, MountedVolume>(input.volumes);
    for (const { name, image } of usedVolumes(pod)) {
      if (!image) continue;
      const request = {
        pod,
        image: image.reference ?? '',
        policy: image.pullPolicy,
        secrets,
        sandbox,
        signal,
      };
      const { id } = await this.#options.images.ensure(request);
      all.set(name, { name, hostPath: '', readOnly: true, image: id });
    }
    return all;
  }

  async #startAll(round: StartRound, plan: PodPlan): Promise<SyncResult> {
    const waits: number[] = [];
    const start = async (container: Container | EphemeralContainer): Promise<boolean> => {
      const waitMs = await this.#startOne(round, container);
      if (waitMs !== undefined) waits.push(waitMs);
      return waitMs === undefined;
    };
    for (const container of plan.startEphemeral) await start(container);
    let initStands = true;
    for (const container of plan.startInit) {
      initStands = (await start(container)) || isSidecar(container);
      if (!initStands) break;
    }
    if (initStands) for (const container of plan.start) await start(container);
    return waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {};
  }

  /** Undefined when the container runs, else how long to wait before the next try. */
  async #startOne(round: StartRound, container: Container | EphemeralContainer): Promise<number | undefined> {
    const key = `${round.pod.metadata.uid}/${container.name}`;
    try {
      this.#respectCrashes(round, container);
      await this.#options.starter.start(round, container);
      this.#failures.delete(key);
      return undefined;
    } catch (error) {
      if (round.signal.aborted || !(error instanceof StartError)) throw error;
      this.#failures.set(key, { reason: error.reason, message: error.message });
      return error.retryAfterMs ?? crashBackoff.baseMs;
    }
  }

  /** The run that a failed probe has just ended still counts as running here; the one before it tells how long to wait. */
  #respectCrashes({ pod, runtime }: StartRound, container: Container): void {
    const last = runtime.containers.find((c) => c.name === container.name && c.state === 'exited');
    if (!last) return;
    const key = `${pod.metadata.uid}/${container.name}/${containerHash(container)}`;
    const nowMs = this.#options.context.platform.clock.now();
    const endedMs = last.finishedAtMs ?? last.createdAtMs;
    const waitMs = this.#crashes.waitMs(key, endedMs, nowMs);
    if (waitMs === 0) return this.#crashes.next(key, endedMs, nowMs);
    const name = podFullName(pod);
    const event = `Back-off restarting failed container ${container.name} in pod ${name}`;
    podEvent(this.#options.context, pod, {
      type: 'Warning',
      reason: 'BackOff',
      message: event,
      container: container.name,
    });
    const delay = formatSpan(this.#crashes.delayMs(key));
    const message = `back-off ${delay} restarting failed container=${container.name} pod=${name}`;
    throw new StartError('CrashLoopBackOff', message, waitMs);
  }
}
