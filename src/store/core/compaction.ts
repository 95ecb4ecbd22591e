import type { CompactionStep } from './ledger.ts';
import { type Change, type LogEngine, type LogState, positionOf, revisionOf, sizeOf } from './log.ts';

/** How much one step looks at, so that it takes about a millisecond. */
const changesPerStep = 128;
const bytesPerStep = 1 << 20;

/** What may be forgotten: whole revisions, the oldest first, while `mayGo` says yes. */
export interface CompactionGoal {
  /** No further than this revision. */
  revision: number;
  mayGo(change: Change, freedBytes: number): boolean;
  /** Whether the step, which has come to this revision, has taken long enough; asked after each change. */
  isLate?(revision: number): boolean;
}

/**
 * Plans the next step of a compaction. A revision that falls out of the history takes with it the versions that
 * it replaced, and its deletions themselves; a version that is the newest of its key thus always stays. A step may
 * end within a revision: it counts as compacted then, and the rest of it goes with the next steps in any case.
 * `done` says that the goal is reached with this step; without a step there is nothing to do.
 */
export function planCompaction(
  engine: LogEngine,
  state: LogState,
  goal: CompactionGoal,
): { step?: CompactionStep; done: boolean } {
  const step = emptyStep(state);
  let seen = 0;
  let bytes = 0;
  for (const change of engine.peeksFrom(state.compactedTo ?? positionOf(state.compactedRevision + 1))) {
    if (change.position === state.compactedTo) continue;
    const revision = revisionOf(change.position);
    const isBegun = revision === step.compactedRevision;
    if (!isBegun) {
      step.compactedTo = undefined;
      if (revision > goal.revision) break;
      if (!goal.mayGo(change, step.freedBytes)) return { step: advanced(step, state), done: true };
    }
    const isFull =
      seen >= changesPerStep || bytes >= bytesPerStep || (seen > 0 && goal.isLate?.(step.compactedRevision));
    if (isFull) return { step, done: false };
    seen++;
    bytes += change.value?.length ?? 0;
    forget(change, step);
  }
  step.compactedTo = undefined;
  step.compactedRevision = Math.max(step.compactedRevision, goal.revision);
  return { step: advanced(step, state), done: true };
}

function emptyStep(state: LogState): CompactionStep {
  const { compactedRevision, compactedTimeMs, compactedTo } = state;
  return { compactedRevision, compactedTimeMs, compactedTo, dropped: [], deletions: [], freedBytes: 0 };
}

function advanced(step: CompactionStep, state: LogState): CompactionStep | undefined {
  const isSame = step.compactedRevision === state.compactedRevision && step.compactedTo === state.compactedTo;
  return isSame ? undefined : step;
}

function forget(change: Change, step: CompactionStep): void {
  step.compactedRevision = revisionOf(change.position);
  step.compactedTimeMs = change.timeMs;
  step.compactedTo = change.position;
  step.freedBytes += change.replacedBytes;
  if (change.previous) step.dropped.push(change.previous);
  if (change.value) return;
  step.dropped.push(change.position);
  step.deletions.push({ key: change.key, position: change.position });
  step.freedBytes += sizeOf(change);
}
