import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Platform } from '../../../platform/platform.ts';
import { RuntimeService } from '../generated/runtime/v1/runtime_pb.js';
import type { Runtime, RuntimeEvent } from '../runtime.ts';
import type { RuntimeStatus, RuntimeVersion } from '../types.ts';
import type { GrpcChannel } from '../../../platform/grpc-channel.ts';
import { CdiRegistry, cdiDirs } from '../cdi/cdi-registry.ts';
import { criChannel } from './cri-channel.ts';
import { CriContainers } from './containers.ts';
import { knowsCdi } from './knows-cdi.ts';
import { followEvents } from './events.ts';
import { CriImages } from './images.ts';
import { CriSandboxes } from './sandboxes.ts';
import type { StreamConnect } from './streaming.ts';

export interface CriRuntimeOptions {
  /** Path of the runtime's socket. */
  socketPath: string;
  platform: Pick<Platform, 'clock' | 'files' | 'log' | 'processes'>;
  /** Never to be collected; runtimes before containerd 1.7 do not say so themselves. */
  sandboxImage?: string;
  /** containerd's command-line client, which imports archives; `ctr` unless told. */
  ctr?: string;
  /** How to reach the streaming server; over TCP from this process unless told. */
  streamConnect?: StreamConnect;
  /** Folders with specifications of CDI devices, for runtimes that do not look there themselves. */
  cdiDirs?: readonly string[];
}

const service = RuntimeService.method;
const quickMs = 60_000;

/** A runtime that speaks the Container Runtime Interface v1, such as containerd or CRI-O. */
export class CriRuntime implements Runtime {
  readonly sandboxes: CriSandboxes;
  readonly containers: CriContainers;
  readonly images: CriImages;
  readonly #channel: GrpcChannel;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #closed = new AbortController();

  constructor(options: CriRuntimeOptions) {
    const { socketPath, platform, streamConnect, sandboxImage, ctr = 'ctr' } = options;
    const { clock, files, processes } = platform;
    const channel = criChannel(socketPath, clock);
    this.#channel = channel;
    this.#clock = clock;
    this.#log = platform.log.named('runtime');
    this.images = new CriImages({ channel, clock, files, processes, socketPath, sandboxImage, ctr });
    this.sandboxes = new CriSandboxes(channel, streamConnect);
    const registry = new CdiRegistry(options.cdiDirs ?? cdiDirs, { files, log: this.#log });
    this.containers = new CriContainers({
      channel,
      imageIdOf: (ref) => this.images.idOf(ref),
      connect: streamConnect,
      cdi: async () => (knowsCdi(await this.version()) ? undefined : registry),
    });
  }

  async version(): Promise<RuntimeVersion> {
    const v = await this.#channel.call(service.version, { version: 'v1' }, { timeoutMs: quickMs });
    return { name: v.runtimeName, version: v.runtimeVersion, apiVersion: v.runtimeApiVersion };
  }

  async status(): Promise<RuntimeStatus> {
    const answer = await this.#channel.call(service.status, {}, { timeoutMs: quickMs });
    const conditions = (answer.status?.conditions ?? []).map(({ type, status, reason, message }) => ({
      type,
      status,
      reason,
      message,
    }));
    const handlers = answer.runtimeHandlers.map(({ name, features }) => ({
      name,
      recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
      userNamespaces: features?.userNamespaces ?? false,
    }));
    return { conditions, handlers };
  }

  async setPodCidrs(cidrs: readonly string[]): Promise<void> {
    const request = { runtimeConfig: { networkConfig: { podCidr: cidrs.join(',') } } };
    await this.#channel.call(service.updateRuntimeConfig, request, { timeoutMs: quickMs });
  }

  watch(listener: (event: RuntimeEvent) => void, signal: AbortSignal): void {
    const either = AbortSignal.any([signal, this.#closed.signal]);
    void followEvents(
      { channel: this.#channel, clock: this.#clock, log: this.#log, signal: either },
      listener,
    );
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#channel.close();
  }
}
