import type { Pod } from '../../api/core/v1.ts';
import type { Platform } from '../../platform/platform.ts';
import { isTerminalPhase } from './pod-kinds.ts';
import { graceOf, newWork, type PodEnd, type PodWork } from './pod-work.ts';

/** What is done for a pod at each stage. A step that rejects is tried again; one that resolves may say when to come back. */
export interface PodSteps {
  running(work: PodWork, signal: AbortSignal): Promise<StepResult>;
  /** Resolves when nothing of the pod runs any more. */
  ending(work: PodWork, signal: AbortSignal): Promise<void>;
  /** Resolves when nothing but logs is left of the pod. */
  ended(work: PodWork): Promise<void>;
  /** The API has forgotten a pod that is finished: nothing at all may be left. */
  forgotten(work: PodWork): Promise<void>;
}

export interface StepResult {
  retryAfterMs?: number;
  /** The pod has come to its end. */
  end?: PodEnd;
}

const failureBaseMs = 1000;
const failureMaxMs = 20_000;

const isWanted = ({ stage, pod }: PodWork) => stage === 'running' && !isTerminalPhase(pod.status?.phase);

/** One worker for each pod: what concerns a pod happens one thing after the other, pods do not wait for each other. */
export class PodWorkers {
  readonly #platform: Platform;
  readonly #steps: PodSteps;
  readonly #resyncMs: number;
  readonly #works = new Map<string, PodWork>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  /** Every pod is looked at again at least each `resyncMs` and a half, the exact moment left to chance. */
  constructor(platform: Platform, steps: PodSteps, resyncMs: number) {
    this.#platform = platform;
    this.#steps = steps;
    this.#resyncMs = resyncMs;
  }

  get(uid: string): PodWork | undefined {
    return this.#works.get(uid);
  }

  all(): PodWork[] {
    return [...this.#works.values()];
  }

  /** Pods that the node has taken in and that have not ended; those without the ones that the API has forgotten. */
  active(): Pod[] {
    return this.#known((work) => work.stage === 'ending' || isWanted(work));
  }

  /** Those of them that are not being ended. */
  wanted(): Pod[] {
    return this.#known(isWanted);
  }

  /** Uids of pods of which something runs, or is to; whoever knows of them. */
  present(): ReadonlySet<string> {
    const isPresent = (work: PodWork) => work.stage === 'ending' || isWanted(work);
    return new Set(this.all().flatMap((work) => (isPresent(work) ? [work.uid] : [])));
  }

  #known(is: (work: PodWork) => boolean): Pod[] {
    return this.all().flatMap((work) => (!work.orphaned && is(work) ? [work.pod] : []));
  }

  /** Takes on a pod, or its newest version. */
  update(pod: Pod): PodWork {
    const uid = pod.metadata.uid as string;
    const known = this.#works.get(uid);
    const work = known ?? newWork(pod);
    const before = graceOf(work);
    work.pod = pod;
    this.#works.set(uid, work);
    if (pod.metadata.deletionTimestamp) this.#hurry(work, before);
    this.wake(uid);
    return work;
  }

  /** A newer version of a pod that asks for nothing else. */
  refresh(pod: Pod): void {
    const work = this.#works.get(pod.metadata.uid as string);
    if (work) work.pod = pod;
  }

  /** Ends a pod; one that is ending already ends sooner where this asks for it. */
  end(uid: string, end: PodEnd): void {
    const work = this.#works.get(uid);
    if (!work) return;
    const before = graceOf(work);
    work.end = {
      ...end,
      ...work.end,
      ...(end.graceSeconds !== undefined && { graceSeconds: end.graceSeconds }),
    };
    this.#hurry(work, before);
    this.wake(uid);
  }

  /** The API has forgotten the pod. */
  orphan(uid: string): void {
    const work = this.#works.get(uid);
    if (!work) return;
    work.orphaned = true;
    this.end(uid, {});
  }

  /** Something may have changed for the pod. */
  wake(uid: string): void {
    const work = this.#works.get(uid);
    if (!work || this.#stopped) return;
    work.dirty = true;
    if (work.busy) return;
    work.timer?.cancel();
    work.busy = true;
    const run = this.#run(work).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Something may have changed for all pods. */
  wakeAll(): void {
    for (const uid of this.#works.keys()) this.wake(uid);
  }

  /** Lets go of all pods. What runs goes on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const work of this.#works.values()) {
      work.timer?.cancel();
      work.abort.abort();
    }
    await Promise.all(this.#running);
  }

  #hurry(work: PodWork, before: number | undefined): void {
    const isSooner = (graceOf(work) ?? Number.POSITIVE_INFINITY) < (before ?? Number.POSITIVE_INFINITY);
    if (work.stage === 'running') work.stage = 'ending';
    else if (!isSooner || work.stage !== 'ending') return;
    work.abort.abort();
    work.abort = new AbortController();
  }

  async #run(work: PodWork): Promise<void> {
    let delayMs = 0;
    while (work.dirty && !this.#stopped) {
      work.dirty = false;
      delayMs = await this.#step(work);
    }
    work.busy = false;
    if (this.#stopped || !this.#works.has(work.uid)) return;
    work.timer = this.#platform.clock.after(delayMs, () => this.wake(work.uid));
  }

  /** One step; gives after how long to look again. */
  async #step(work: PodWork): Promise<number> {
    const { signal } = work.abort;
    try {
      const result = await this.#do(work, signal);
      work.failures = 0;
      return result.retryAfterMs ?? this.#resyncMs * (1 + this.#platform.random.next() / 2);
    } catch (error) {
      if (signal.aborted) return 0;
      const { name, namespace } = work.pod.metadata;
      const fields = { pod: `${namespace}/${name}`, stage: work.stage, error: (error as Error).message };
      this.#platform.log.debug('pod not in order yet', fields);
      return Math.min(failureMaxMs, failureBaseMs * 2 ** work.failures++);
    }
  }

  async #do(work: PodWork, signal: AbortSignal): Promise<StepResult> {
    if (work.stage === 'running') {
      const result = await this.#steps.running(work, signal);
      if (result.end) this.end(work.uid, result.end);
      return result;
    }
    if (work.stage === 'ending') {
      await this.#steps.ending(work, signal);
      work.stage = 'ended';
    }
    if (work.stage === 'ended') {
      await this.#steps.ended(work);
      work.stage = 'finished';
    }
    if (work.orphaned) {
      await this.#steps.forgotten(work);
      this.#works.delete(work.uid);
    }
    return {};
  }
}
