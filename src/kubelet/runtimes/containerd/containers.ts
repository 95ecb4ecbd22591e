import { RuntimeService } from '../generated/runtime/v1/runtime_pb.js';
import type { CdiRegistry } from '../cdi/cdi-registry.ts';
import { withCdiDevices } from '../cdi/cdi-edits.ts';
import { RuntimeError } from '../runtime-error.ts';
import type { CallOptions, Containers, ExecResult, StreamOptions } from '../runtime.ts';
import type {
  ContainerFilter,
  ContainerSpec,
  ContainerStatus,
  LinuxResources,
  SandboxSpec,
} from '../types.ts';
import type { GrpcChannel } from '../../../platform/grpc-channel.ts';
import { container, containerStatus } from './from-cri.ts';
import { containerStats } from './stats-from-cri.ts';
import { openCommandStreams, type StreamConnect } from './streaming.ts';
import { containerConfig, containerFilter, linuxResources, sandboxConfig } from './to-cri.ts';
import { ignoreNotFound, imageError } from './translate-error.ts';

const service = RuntimeService.method;
const quickMs = 2 * 60_000;
const slowMs = 4 * 60_000;
/** The runtime itself ends what takes too long; this is for a runtime that does not answer. */
const marginMs = 30_000;

export interface CriContainersOptions {
  channel: GrpcChannel;
  imageIdOf(imageRef: string): Promise<string>;
  connect?: StreamConnect | undefined;
  /** Where CDI devices are found for a runtime that does not know them; undefined for one that does. */
  cdi(): Promise<CdiRegistry | undefined>;
}

/** The containers of a runtime behind the Container Runtime Interface. */
export class CriContainers implements Containers {
  readonly #channel: GrpcChannel;
  readonly #options: CriContainersOptions;

  constructor(options: CriContainersOptions) {
    this.#channel = options.channel;
    this.#options = options;
  }

  async create(sandboxId: string, spec: ContainerSpec, sandbox: SandboxSpec): Promise<string> {
    const request = {
      podSandboxId: sandboxId,
      config: containerConfig(await this.#withDevices(spec)),
      sandboxConfig: sandboxConfig(sandbox),
    };
    try {
      return (await this.#channel.call(service.createContainer, request, { timeoutMs: slowMs })).containerId;
    } catch (error) {
      throw imageError(error);
    }
  }

  async #withDevices(spec: ContainerSpec): Promise<ContainerSpec> {
    const names = spec.cdiDevices ?? [];
    const cdi = names.length > 0 ? await this.#options.cdi() : undefined;
    return cdi ? withCdiDevices(spec, await cdi.find(names)) : spec;
  }

  async start(id: string): Promise<void> {
    await this.#channel.call(service.startContainer, { containerId: id }, { timeoutMs: slowMs });
  }

  async stop(id: string, timeoutSeconds: number, options: CallOptions = {}): Promise<void> {
    const seconds = Math.max(0, Math.ceil(timeoutSeconds));
    const request = { containerId: id, timeout: BigInt(seconds) };
    const timeoutMs = seconds * 1000 + slowMs;
    await ignoreNotFound(this.#channel.call(service.stopContainer, request, { timeoutMs, ...options }));
  }

  async remove(id: string): Promise<void> {
    await ignoreNotFound(
      this.#channel.call(service.removeContainer, { containerId: id }, { timeoutMs: slowMs }),
    );
  }

  async list(filter?: ContainerFilter) {
    const request = { filter: containerFilter(filter) };
    const answer = await this.#channel.call(service.listContainers, request, { timeoutMs: quickMs });
    return answer.containers.map(container);
  }

  async status(id: string): Promise<ContainerStatus> {
    const { status } = await this.#channel.call(
      service.containerStatus,
      { containerId: id },
      { timeoutMs: quickMs },
    );
    if (!status) throw new RuntimeError('Internal', `the runtime tells nothing of container ${id}`);
    const told = containerStatus(status);
    return told.imageId ? told : { ...told, imageId: await this.#options.imageIdOf(told.imageRef) };
  }

  async stats(filter: ContainerFilter = {}) {
    const wanted = { id: filter.id, podSandboxId: filter.sandboxId, labelSelector: filter.labels };
    const answer = await this.#channel.call(
      service.listContainerStats,
      { filter: wanted },
      { timeoutMs: quickMs },
    );
    return answer.stats.map(containerStats);
  }

  async update(id: string, resources: LinuxResources): Promise<void> {
    const request = { containerId: id, linux: linuxResources(resources) };
    await this.#channel.call(service.updateContainerResources, request, { timeoutMs: quickMs });
  }

  async execSync(id: string, command: string[], options: { timeoutMs?: number } = {}): Promise<ExecResult> {
    const seconds = Math.ceil((options.timeoutMs ?? 0) / 1000);
    const request = { containerId: id, cmd: command, timeout: BigInt(seconds) };
    const timeoutMs = seconds > 0 ? seconds * 1000 + marginMs : 24 * 3_600_000;
    const answer = await this.#channel.call(service.execSync, request, { timeoutMs });
    return {
      exitCode: answer.exitCode,
      stdout: Buffer.from(answer.stdout),
      stderr: Buffer.from(answer.stderr),
    };
  }

  async exec(id: string, command: string[], streams: StreamOptions) {
    const wanted = oneStderr(streams);
    const request = { containerId: id, cmd: command, ...wanted };
    const { url } = await this.#channel.call(service.exec, request, { timeoutMs: quickMs });
    return openCommandStreams(url, wanted, this.#options.connect);
  }

  async attach(id: string, streams: StreamOptions) {
    const wanted = oneStderr(streams);
    const { url } = await this.#channel.call(
      service.attach,
      { containerId: id, ...wanted },
      { timeoutMs: quickMs },
    );
    return openCommandStreams(url, wanted, this.#options.connect);
  }

  async reopenLog(id: string): Promise<void> {
    await this.#channel.call(service.reopenContainerLog, { containerId: id }, { timeoutMs: quickMs });
  }
}

/** Runtimes refuse a terminal with a stderr of its own. */
function oneStderr(streams: StreamOptions): StreamOptions {
  return streams.tty ? { ...streams, stderr: false } : streams;
}
