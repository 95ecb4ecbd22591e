import { RuntimeService } from '../generated/runtime/v1/runtime_pb.js';
import { RuntimeError } from '../runtime-error.ts';
import type { CallOptions, Sandboxes } from '../runtime.ts';
import type { SandboxFilter, SandboxSpec } from '../types.ts';
import type { GrpcChannel } from '../../../platform/grpc-channel.ts';
import { sandbox, sandboxStatus } from './from-cri.ts';
import { sandboxStats } from './stats-from-cri.ts';
import { openPortForward, type StreamConnect } from './streaming.ts';
import { sandboxConfig, sandboxFilter } from './to-cri.ts';
import { ignoreNotFound } from './translate-error.ts';

const service = RuntimeService.method;
const quickMs = 2 * 60_000;
/** A sandbox waits for network plugins, and a runtime under load for much else. */
const slowMs = 4 * 60_000;

/** The sandboxes of a runtime behind the Container Runtime Interface. */
export class CriSandboxes implements Sandboxes {
  readonly #channel: GrpcChannel;
  readonly #connect: StreamConnect | undefined;

  constructor(channel: GrpcChannel, connect?: StreamConnect) {
    this.#channel = channel;
    this.#connect = connect;
  }

  async run(spec: SandboxSpec, options: CallOptions = {}): Promise<string> {
    const request = { config: sandboxConfig(spec), runtimeHandler: spec.runtimeHandler };
    const answer = await this.#channel.call(service.runPodSandbox, request, {
      timeoutMs: slowMs,
      ...options,
    });
    return answer.podSandboxId;
  }

  async stop(id: string): Promise<void> {
    await ignoreNotFound(
      this.#channel.call(service.stopPodSandbox, { podSandboxId: id }, { timeoutMs: slowMs }),
    );
  }

  async remove(id: string): Promise<void> {
    await ignoreNotFound(
      this.#channel.call(service.removePodSandbox, { podSandboxId: id }, { timeoutMs: slowMs }),
    );
  }

  async list(filter?: SandboxFilter) {
    const answer = await this.#channel.call(
      service.listPodSandbox,
      { filter: sandboxFilter(filter) },
      { timeoutMs: quickMs },
    );
    return answer.items.map(sandbox);
  }

  async status(id: string) {
    const { status } = await this.#channel.call(
      service.podSandboxStatus,
      { podSandboxId: id },
      { timeoutMs: quickMs },
    );
    if (!status) throw new RuntimeError('Internal', `the runtime tells nothing of sandbox ${id}`);
    return sandboxStatus(status);
  }

  async stats(filter: SandboxFilter = {}) {
    const wanted = { id: filter.id, labelSelector: filter.labels };
    const answer = await this.#channel.call(
      service.listPodSandboxStats,
      { filter: wanted },
      { timeoutMs: quickMs },
    );
    return answer.stats.map(sandboxStats);
  }

  async portForward(id: string) {
    const { url } = await this.#channel.call(
      service.portForward,
      { podSandboxId: id },
      { timeoutMs: quickMs },
    );
    return openPortForward(url, this.#connect);
  }
}
