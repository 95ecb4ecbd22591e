import type { Files } from '../../platform/files.ts';
import { emptyBatch } from '../core/log.ts';
import { openLmdbEngine } from './open-engine.ts';

/**
 * Lets the counter of an embedded store that has no keys yet go on above `revision`, where it does not anyway. What lies between counts as
 * compacted: whoever knows such a revision has it from another store.
 */
export async function raiseRevision(options: {
  path: string;
  files: Files;
  revision: number;
}): Promise<void> {
  const engine = await openLmdbEngine(options);
  try {
    const state = engine.state();
    if (state.revision >= options.revision || engine.size().keys > 0) return;
    const gaps = [...(state.gaps ?? []), [state.revision, options.revision] as const];
    await engine.write(emptyBatch({ ...state, revision: options.revision, gaps }));
  } finally {
    await engine.close();
  }
}
