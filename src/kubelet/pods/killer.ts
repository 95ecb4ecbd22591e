import type { Container, Pod } from '../../api/core/v1.ts';
import type { NodeContext } from './context.ts';
import { podEvent } from './context.ts';
import type { Hooks } from './hooks.ts';
import type { KillReason } from './plan.ts';
import { allContainers, isSidecar } from './pod-kinds.ts';
import { type RuntimeContainer, type RuntimePod, podIpsOf, runningContainers } from './runtime-pod.ts';

export interface ContainerKill {
  pod: Pod;
  runtime: RuntimePod;
  /** What to end. */
  target: RuntimeContainer;
  /** One sentence for people; `Stopping container <name>` where absent. */
  message?: string;
  reason?: KillReason;
  /** Wins over what pod and container say. */
  graceSeconds?: number;
  /** Gives up waiting, for a kill with less grace to take over. */
  signal?: AbortSignal;
  /** Resolves when it is this container's turn to be told. */
  turn?: Promise<unknown>;
}

/** A container always gets this long, so that it is not cut off for nothing. */
const minimumGraceSeconds = 2;

/** How long a container has to end: the pod's deletion decides, then the probe that failed, then the pod. */
export function graceSecondsOf(pod: Pod, container: Container | undefined, reason?: KillReason): number {
  const { deletionGracePeriodSeconds } = pod.metadata;
  if (deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds;
  const probe =
    reason === 'LivenessProbe'
      ? container?.livenessProbe
      : reason === 'StartupProbe'
        ? container?.startupProbe
        : undefined;
  return (
    probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? minimumGraceSeconds
  );
}

/** Ends containers as their pods want it: the hook first, then the signal, then force. */
export class Killer {
  readonly #context: NodeContext;
  readonly #hooks: Hooks;

  constructor(context: NodeContext, hooks: Hooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  /** Ends one container; resolves when it has ended. */
  async kill(kill: ContainerKill): Promise<void> {
    const { pod, target } = kill;
    const container = allContainers(pod).find((c) => c.name === target.name) as Container | undefined;
    const message = kill.message ?? `Stopping container ${target.name}`;
    podEvent(this.#context, pod, { reason: 'Killing', message, container: target.name });
    const graceSeconds = kill.graceSeconds ?? graceSecondsOf(pod, container, kill.reason);
    const { clock } = this.#context.platform;
    const beganMs = clock.monotonic();
    if (container?.lifecycle?.preStop && graceSeconds > 0) await this.#preStop(kill, container, graceSeconds);
    if (kill.turn)
      await this.#within(kill.turn, graceSeconds * 1000 - (clock.monotonic() - beganMs), kill.signal);
    const spentSeconds = Math.floor((clock.monotonic() - beganMs) / 1000);
    const left = Math.max(
      kill.graceSeconds === undefined ? minimumGraceSeconds : 0,
      graceSeconds - spentSeconds,
    );
    await this.#context.runtime.containers.stop(target.id, left, { signal: kill.signal });
  }

  /** Ends containers one after the other, at once and without their hooks, and removes them; their logs stay. */
  async clear(kill: Omit<ContainerKill, 'target' | 'turn'>, targets: RuntimeContainer[]): Promise<void> {
    for (const target of targets) {
      const runs = target.state === 'running' || target.state === 'unknown';
      if (runs) await this.kill({ ...kill, target, graceSeconds: 0 });
      await this.#context.runtime.containers.remove(target.id);
    }
  }

  /**
   * Ends all containers of a pod, then its sandboxes. The regular ones and the plain init ones at once; the sidecars after
   * them, in the reverse order of their start.
   */
  async killPod(kill: Omit<ContainerKill, 'target' | 'turn'>): Promise<void> {
    const running = runningContainers(kill.runtime);
    const sidecars = (kill.pod.spec.initContainers ?? []).filter(isSidecar).map((c) => c.name);
    const others = running.filter((c) => !sidecars.includes(c.name));
    const first = others.map((target) => this.kill({ ...kill, target }));
    let turn: Promise<unknown> = Promise.allSettled(first);
    const all = [...first];
    for (const name of sidecars.toReversed())
      for (const target of running.filter((c) => c.name === name)) {
        const ended = this.kill({ ...kill, target, turn });
        all.push(ended);
        turn = Promise.allSettled([turn, ended]);
      }
    await allOrFirstError(all);
    await allOrFirstError(kill.runtime.sandboxes.map((s) => this.#context.runtime.sandboxes.stop(s.id)));
  }

  async #preStop(kill: ContainerKill, container: Container, graceSeconds: number): Promise<void> {
    const { pod, runtime, target, signal } = kill;
    const handler = container.lifecycle?.preStop ?? {};
    const podIp = podIpsOf(runtime)[0] ?? '';
    const timeoutMs = graceSeconds * 1000;
    const done = this.#hooks
      .run({ handler, container, containerId: target.id, podIp, timeoutMs, signal })
      .catch((error: Error) => {
        if (signal?.aborted) return;
        this.#context.platform.log.debug('preStop hook failed', {
          container: target.name,
          error: error.message,
        });
        const note = { type: 'Warning', reason: 'FailedPreStopHook', message: 'PreStopHook failed' } as const;
        podEvent(this.#context, pod, { ...note, container: target.name });
      });
    await this.#within(done, timeoutMs, signal);
  }

  /** Waits for something, but no longer than this. */
  async #within(what: Promise<unknown>, limitMs: number, signal?: AbortSignal): Promise<void> {
    if (limitMs <= 0) return;
    const stop = new AbortController();
    const abort = () => stop.abort();
    signal?.addEventListener('abort', abort, { once: true });
    const late = this.#context.platform.clock.sleep(limitMs, stop.signal).catch(() => {});
    await Promise.race([what, late]);
    signal?.removeEventListener('abort', abort);
    stop.abort();
  }
}

/** Waits for all; then rejects with the first failure, if there was one. */
async function allOrFirstError(all: Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(all);
  const failed = outcomes.find((o) => o.status === 'rejected');
  if (failed) throw failed.reason;
}
