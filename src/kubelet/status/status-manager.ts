import type { Pod, PodStatus } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { Informer } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { hasReason, StatusError } from '../../machinery/status-error.ts';
import { timestamp } from '../../platform/clock.ts';
import type { NodeContext } from '../pods/context.ts';
import { isMirrorPod, isStaticPod } from '../pods/pod-kinds.ts';
import { statusPatch, withTransitionTimes } from './status-patch.ts';

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** Everything of the pod is gone from the node: the API may forget it too. */
  finished: boolean;
}

/** How many statuses are written at the same time. */
const writers = 4;

/** Brings the statuses of the node's pods to the API: the newest of each pod, only what changed, until it is there. */
export class StatusManager {
  readonly #context: NodeContext;
  readonly #pods: Informer<Pod>;
  readonly #entries = new Map<string, Entry>();
  readonly #queue: WorkQueue;

  constructor(context: NodeContext, informer: Informer<Pod>) {
    this.#context = context;
    this.#pods = informer;
    this.#queue = new WorkQueue({ clock: context.platform.clock, baseDelayMs: 100, maxDelayMs: 30_000 });
  }

  /** The status last set for a pod, or what the API has. */
  latest(pod: Pod): PodStatus {
    return this.#entries.get(pod.metadata.uid ?? '')?.status ?? pod.status ?? {};
  }

  /** Sets the pod's status; times of conditions are filled in. */
  set(pod: Pod, status: PodStatus): void {
    const uid = pod.metadata.uid as string;
    const before = this.#entries.get(uid);
    const timed = withTransitionTimes(status, this.latest(pod), timestamp(this.#context.platform.clock));
    this.#entries.set(uid, { pod, status: timed, finished: before?.finished ?? false });
    this.#queue.add(uid);
  }

  /** Nothing of the pod is left on the node: once its last status is written it is deleted for good. */
  finish(pod: Pod): void {
    const uid = pod.metadata.uid as string;
    this.#entries.set(uid, { pod, status: this.latest(pod), finished: true });
    this.#queue.add(uid);
  }

  /** The pod is gone from the API. */
  forget(uid: string): void {
    this.#entries.delete(uid);
    this.#queue.forget(uid);
  }

  /** Looks again whether the API has what was set. */
  check(uid: string): void {
    if (this.#entries.has(uid)) this.#queue.add(uid);
  }

  async run(signal: AbortSignal): Promise<void> {
    const close = () => this.#queue.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    await Promise.all(Array.from({ length: writers }, () => this.#work(signal)));
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let uid = await this.#queue.take(); uid !== undefined; uid = await this.#queue.take()) {
      try {
        await this.#write(uid, signal);
        this.#queue.forget(uid);
      } catch (error) {
        if (!signal.aborted) this.#onFailure(uid, error);
      }
      this.#queue.done(uid);
    }
  }

  #onFailure(uid: string, error: unknown): void {
    if (hasReason(error, 'NotFound')) return this.forget(uid);
    const { log } = this.#context.platform;
    // What is refused will be refused again: nobody would ever learn why the pod stays as it is shown.
    const say = hasReason(error, 'Invalid') ? log.warn : log.debug;
    say('pod status not written', { uid, error: String(error) });
    this.#queue.addAfterFailure(uid);
  }

  /** The pod in the API that shows this pod's status: itself, or the mirror of a static one. */
  #target(entry: Entry): Pod | undefined {
    const { uid, namespace, name } = entry.pod.metadata;
    const found = this.#pods.get(`${namespace}/${name}`);
    if (isStaticPod(entry.pod)) return found && isMirrorPod(found) ? found : undefined;
    return found?.metadata.uid === uid ? found : undefined;
  }

  async #write(uid: string, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(uid);
    const target = entry && this.#target(entry);
    if (!entry || !target) return;
    await this.#patch(target, entry, signal);
    const deletable = entry.finished && target.metadata.deletionTimestamp && !isMirrorPod(target);
    if (!deletable || this.#entries.get(uid) !== entry) return;
    await this.#context.client.of(pods).delete(target.metadata, {
      gracePeriodSeconds: 0,
      preconditions: { uid: target.metadata.uid },
      cause: causedBy(
        { ...target, apiVersion: 'v1', kind: 'Pod' },
        'the pod is deleted and nothing of it runs any more',
      ),
      signal,
    });
  }

  async #patch(target: Pod, { status }: Entry, signal: AbortSignal): Promise<void> {
    const patch = statusPatch(target.status ?? {}, status);
    if (!patch) return;
    const reason = `the pod is ${status.phase ?? 'Unknown'} on its node`;
    const cause = causedBy({ ...target, apiVersion: 'v1', kind: 'Pod' }, reason);
    const body = { metadata: { uid: target.metadata.uid }, status: patch };
    await this.#context.client
      .of(pods)
      .patch(target.metadata, body, {
        type: 'application/strategic-merge-patch+json',
        subresource: 'status',
        cause,
        signal,
      })
      .catch((error) => {
        // Another pod took the name; this one is gone.
        if (error instanceof StatusError && error.code === 409 && error.message.includes('uid'))
          throw notFoundAs(error);
        throw error;
      });
  }
}

const notFoundAs = (error: StatusError) => new StatusError(404, 'NotFound', error.message);
