import type { Files } from '../../platform/files.ts';
import type { CopiedChange } from '../core/copying.ts';
import { emptyBatch, headOf, type LogEngine, type LogState, positionOf } from '../core/log.ts';
import { openLmdbEngine } from '../embedded/open-engine.ts';
import { SnapshotError } from './format.ts';
import type { CheckedSnapshot } from './read.ts';

/**
 * How far the counter jumps unless told otherwise: further than any store gets between a snapshot and its use, so that
 * no revision that a client may have seen comes twice. As `etcdutl snapshot restore` is told for Kubernetes.
 */
export const usualBump = 1_000_000_000;

/** Half of what positions can hold: the other half is left for use. */
const highestRevision = Number.MAX_SAFE_INTEGER / positionOf(1) / 2;

/**
 * Makes an embedded store in an empty directory of a snapshot. Its past up to the snapshot can be read as before;
 * whoever asks for a revision between that and the new one is told that it is compacted, and so begins anew.
 * Leases have left what they had when the snapshot was taken. Gives the new revision.
 */
export async function restoreStore(
  snapshot: CheckedSnapshot,
  options: { path: string; files: Files; nowMs: number; bumpRevision: number },
): Promise<number> {
  const { header } = snapshot;
  const state = bumped(header.state, options.bumpRevision);
  const shiftMs = options.nowMs - header.takenMs;
  const engine = await openLmdbEngine(options);
  try {
    const isNext = inOrder(header.state);
    for await (const part of snapshot.parts()) {
      if (!part.every(isNext)) throw new SnapshotError('it is damaged: its changes are not in their order');
      await writePart(engine, part, { state, shiftMs });
    }
    await engine.write(emptyBatch(state));
  } finally {
    await engine.close();
  }
  return state.revision;
}

/** Tells of one change after the other whether it comes after those before it, and is of the past that the state tells of. */
function inOrder({ revision }: LogState): (copied: CopiedChange) => boolean {
  const end = positionOf(revision + 1);
  let last = 0;
  return ({ change: { position } }) => {
    const isNext = position > last && position < end;
    last = position;
    return isNext;
  };
}

function bumped(state: LogState, by: number): LogState {
  if (by === 0) return state;
  const revision = state.revision + by;
  if (revision > highestRevision) {
    throw new SnapshotError(`its revision ${state.revision} cannot be raised by ${by}: that is too high`);
  }
  return { ...state, revision, gaps: [...(state.gaps ?? []), [state.revision, revision]] };
}

async function writePart(
  engine: LogEngine,
  part: readonly CopiedChange[],
  { state, shiftMs }: { state: LogState; shiftMs: number },
): Promise<void> {
  const batch = emptyBatch(state);
  for (const { change: kept, newest } of part) {
    const expiresMs = kept.expiresMs ? Math.max(1, kept.expiresMs + shiftMs) : 0;
    const change = { ...kept, expiresMs };
    batch.changes.push(change);
    if (!newest) continue;
    (change.value ? batch.live : batch.gone).set(change.key, headOf(change));
    if (expiresMs) batch.leases.push(change);
  }
  await engine.write(batch);
}
