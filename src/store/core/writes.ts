import type { Write } from '../store.ts';
import { checkKey } from './keys.ts';
import { changesPerCommit } from './log.ts';

/** Refuses writes that no backend could take as one commit. A caller that gives them has a bug. */
export function checkWrites(writes: readonly Write[]): void {
  if (writes.length > changesPerCommit)
    throw new RangeError(`A commit has at most ${changesPerCommit} writes`);
  for (const write of writes) checkKey(write.key);
  if (writes.length > 1 && new Set(writes.map((write) => write.key)).size < writes.length) {
    throw new RangeError('A commit writes a key at most once');
  }
}
