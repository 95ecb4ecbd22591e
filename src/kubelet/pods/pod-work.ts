import type { Pod } from '../../api/core/v1.ts';
import type { Timer } from '../../platform/clock.ts';
import type { PodStatusInput } from '../status/pod-status.ts';

/**
 * Where a pod stands on its node: `running` is kept as the pod wants it, `ending` is being stopped, `ended` has nothing
 * running and is being cleared away, `finished` waits only for the API to forget it.
 */
export type PodStage = 'running' | 'ending' | 'ended' | 'finished';

/** Why and how a pod ends. */
export interface PodEnd {
  /** Less than the pod's own grace, where something presses. */
  graceSeconds?: number;
  /** What its status is to say, where it did not end by itself. */
  verdict?: PodStatusInput['verdict'];
}

/** One pod on this node. */
export interface PodWork {
  uid: string;
  /** As it was last seen. */
  pod: Pod;
  stage: PodStage;
  end: PodEnd;
  /** The API has forgotten it, or never knew it. */
  orphaned: boolean;
  /** There is something to look at again. */
  dirty: boolean;
  busy: boolean;
  /** Ends what is being done for it right now. */
  abort: AbortController;
  timer: Timer | undefined;
  failures: number;
}

export function newWork(pod: Pod): PodWork {
  return {
    uid: pod.metadata.uid as string,
    pod,
    stage: 'running',
    end: {},
    orphaned: false,
    dirty: false,
    busy: false,
    abort: new AbortController(),
    timer: undefined,
    failures: 0,
  };
}

/** The grace in force, counting what was asked for on the way. */
export function graceOf(work: Pick<PodWork, 'pod' | 'end'>): number | undefined {
  const { deletionGracePeriodSeconds } = work.pod.metadata;
  const asked = [work.end.graceSeconds, deletionGracePeriodSeconds].filter((s) => s !== undefined);
  return asked.length > 0 ? Math.min(...asked) : undefined;
}
