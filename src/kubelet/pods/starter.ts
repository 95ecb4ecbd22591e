import type { Container, EphemeralContainer, Pod, PodStatus, Secret, Service } from '../../api/core/v1.ts';
import { containerResources } from '../cgroups/container-resources.ts';
import { ContainerConfigError, containerEnv } from '../containers/env.ts';
import { containerSpec } from '../containers/container-spec.ts';
import { checkNonRoot } from '../containers/security.ts';
import { serviceEnv, visibleServices } from '../containers/service-env.ts';
import type { DeviceManager } from '../devices/device-manager.ts';
import type { DraManager } from '../dra/dra-manager.ts';
import type { ImagePuller, PresentImage } from '../images/image-puller.ts';
import type { NodeHost } from '../node/node-host.ts';
import type { ContainerSpec, Mount, SandboxSpec } from '../runtimes/types.ts';
import { blockDevices } from '../volumes/block-devices.ts';
import { containerMounts } from '../volumes/container-mounts.ts';
import { linkLog, type LoggedContainer } from '../logs/log-links.ts';
import { type PodDirs, podDirs } from '../volumes/dirs.ts';
import type { MountedVolumes } from '../volumes/volume-manager.ts';
import { type NodeContext, podEvent } from './context.ts';
import type { Hooks } from './hooks.ts';
import type { NodeFacts } from './node-facts.ts';
import type { ObjectCache } from './object-cache.ts';
import { newestOf, type RuntimePod } from './runtime-pod.ts';
import { StartError } from './start-error.ts';

export interface StarterOptions {
  context: NodeContext;
  host: NodeHost;
  facts: NodeFacts;
  images: ImagePuller;
  objects: ObjectCache;
  hooks: Hooks;
  /** Devices of plugins; none where absent. */
  devices: DeviceManager | undefined;
  /** Claims to devices of drivers; containers get nothing of them where absent. */
  dra: DraManager | undefined;
  services(): Service[];
}

/** What all containers of one round have in common. */
export interface StartRound {
  pod: Pod;
  runtime: RuntimePod;
  /** What was last said of the pod; the API may not have it yet. */
  status: PodStatus;
  sandboxId: string;
  sandbox: SandboxSpec;
  podIps: string[];
  volumes: MountedVolumes;
  pullSecrets: Secret[];
  signal: AbortSignal;
}

/** Starts containers: image, settings, creation, start, hook. Each failure is told as an event and a waiting reason. */
export class Starter {
  readonly #options: StarterOptions;

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /** Rejects with StartError where the container does not run afterwards. */
  async start(round: StartRound, container: Container | EphemeralContainer): Promise<void> {
    const image = await this.#image(round, container);
    const spec = await this.#try(round, container, 'CreateContainerConfigError', () =>
      this.#spec(round, container, image),
    );
    const id = await this.#try(round, container, 'CreateContainerError', () =>
      this.#options.context.runtime.containers.create(round.sandboxId, spec, round.sandbox),
    );
    this.#note(round, container, 'Normal', 'Created', 'Container created');
    await this.#try(round, container, 'RunContainerError', () =>
      this.#options.context.runtime.containers.start(id),
    );
    this.#note(round, container, 'Normal', 'Started', 'Container started');
    await this.#linkLog(round.pod, { name: container.name, id, logPath: spec.logPath });
    await this.#postStart(round, container, id);
  }

  /** Nobody's container fails because its log cannot be found by others. */
  async #linkLog(pod: Pod, container: Omit<LoggedContainer, 'pod'>): Promise<void> {
    const { files, log } = this.#options.context.platform;
    const { logLinks } = this.#options.facts;
    if (!logLinks) return;
    await linkLog(files, logLinks, { pod, ...container }).catch((error: Error) =>
      log.warn('no link to the log of a container', { id: container.id, error: error.message }),
    );
  }

  async #image(round: StartRound, container: Container): Promise<PresentImage> {
    const { pod, sandbox, pullSecrets: secrets, signal } = round;
    const { name, image = '', imagePullPolicy: policy } = container;
    try {
      return await this.#options.images.ensure({
        pod,
        container: name,
        image,
        policy,
        secrets,
        sandbox,
        signal,
      });
    } catch (error) {
      if (error instanceof StartError)
        this.#note(round, container, 'Warning', 'Failed', `Error: ${error.reason}`);
      throw error;
    }
  }

  /** Does one step; its failure becomes an event and a StartError with `reason`. */
  async #try<T>(round: StartRound, container: Container, reason: string, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      round.signal.throwIfAborted();
      const { message } = error as Error;
      this.#note(round, container, 'Warning', 'Failed', `Error: ${message}`);
      const isConfig = error instanceof ContainerConfigError;
      throw new StartError(isConfig ? 'CreateContainerConfigError' : reason, message);
    }
  }

  async #spec(round: StartRound, container: Container, image: PresentImage): Promise<ContainerSpec> {
    const { facts, host, devices, dra } = this.#options;
    const { pod, runtime, status } = round;
    checkNonRoot(pod, container, image.details);
    const restartCount = restartCountOf([pod.status, status], container, runtime);
    const given = await devices?.forContainer(pod, container);
    const own = await this.#env(round, container);
    // What the container sets itself wins.
    const env = given ? new Map([...given.env, ...own]) : own;
    const target = (container as EphemeralContainer).targetContainerName;
    const node = { memoryBytes: facts.memoryBytes, cgroupVersion: host.cgroups.version };
    return containerSpec({
      pod,
      container,
      restartCount,
      imageId: image.id,
      image: image.details,
      env,
      mounts: await this.#mounts(round, container, env),
      resources: containerResources(pod, container, node),
      defaults: facts.defaults,
      targetContainerId: target ? newestOf(runtime, target)?.id : undefined,
      given,
      claimed: dra?.cdiDevices(pod, container),
      blockDevices: blockDevices(container, round.volumes),
      extraGroups: [...round.volumes.values()].flatMap((v) => v.gid ?? []),
    });
  }

  #env({ pod, podIps }: StartRound, container: Container): Promise<Map<string, string>> {
    const { objects, facts, services } = this.#options;
    const namespace = pod.metadata.namespace as string;
    return containerEnv({
      pod,
      container,
      services: serviceEnv(visibleServices(services(), namespace, pod.spec.enableServiceLinks ?? true)),
      addresses: { podIps, hostIps: facts.hostIps },
      allocatable: facts.allocatable,
      config: {
        configMap: (name) => objects.configMap(namespace, name),
        secret: (name) => objects.secret(namespace, name),
      },
    });
  }

  async #mounts(round: StartRound, container: Container, env: Map<string, string>): Promise<Mount[]> {
    const { host, facts, context } = this.#options;
    const { files } = context.platform;
    const dirs = podDirs(facts.rootDir, round.pod.metadata.uid as string);
    const { mounts, openBeneath } = host;
    const { pod, volumes } = round;
    const own = await containerMounts({ pod, container, env, volumes, dirs, files, mounts, openBeneath });
    const taken = new Set(own.map((m) => m.containerPath));
    if (!taken.has('/etc/hosts')) own.push({ containerPath: '/etc/hosts', hostPath: dirs.etcHosts });
    const message = await this.#messageFile(container, dirs);
    return message ? [...own, message] : own;
  }

  /** A fresh file for the words that the container leaves behind. */
  async #messageFile(container: Container, dirs: PodDirs): Promise<Mount | undefined> {
    const { files, random } = this.#options.context.platform;
    if (!container.terminationMessagePath) return undefined;
    const dir = dirs.container(container.name);
    await files.makeDir(dir);
    const hostPath = `${dir}/${Buffer.from(random.bytes(4)).toString('hex')}`;
    await files.write(hostPath, '', { mode: 0o666 });
    await files.chmod(hostPath, 0o666);
    return { containerPath: container.terminationMessagePath, hostPath };
  }

  async #postStart(round: StartRound, container: Container, containerId: string): Promise<void> {
    const handler = container.lifecycle?.postStart;
    if (!handler) return;
    const { hooks, context } = this.#options;
    const podIp = round.podIps[0] ?? '';
    try {
      await hooks.run({ handler, container, containerId, podIp, signal: round.signal });
    } catch (error) {
      round.signal.throwIfAborted();
      this.#note(round, container, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
      this.#note(round, container, 'Normal', 'Killing', 'FailedPostStartHook');
      await context.runtime.containers.stop(containerId, round.pod.spec.terminationGracePeriodSeconds ?? 2);
      throw new StartError('PostStartHookError', (error as Error).message);
    }
  }

  #note(
    round: StartRound,
    container: Container,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    podEvent(this.#options.context, round.pod, { type, reason, message, container: container.name });
  }
}

/** One more than the last run; where the runtime has forgotten it, what was said of the container counts. */
export function restartCountOf(
  said: (PodStatus | undefined)[],
  container: Container,
  runtime: RuntimePod,
): number {
  const last = newestOf(runtime, container.name);
  if (last) return last.restartCount + 1;
  const counts = said.map(({ initContainerStatuses = [], containerStatuses = [] } = {}) => {
    const known = [...initContainerStatuses, ...containerStatuses].find((s) => s.name === container.name);
    // Without an id it is what the next run is to be.
    return (known?.restartCount ?? 0) + (known?.containerID ? 1 : 0);
  });
  return Math.max(0, ...counts);
}
