import { existsSync, realpathSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { down as stopCluster } from '../../cluster/down.ts';
import { purge, refuseForeign } from '../../cluster/purge.ts';
import { print } from '../output.ts';
import { isRoot, platformWith, stderrLog } from '../world.ts';

/** Stops what runs from a data directory, and removes what it has put on this machine. */
export async function down(flags: { dataDir: string; purge?: boolean }): Promise<void> {
  const dataDir = resolve(flags.dataDir);
  const platform = platformWith(stderrLog('warn'));
  if (flags.purge) await refuseForeign(dataDir, platform.files);
  const ran = await stopCluster(platform, dataDir, isRoot);
  if (flags.purge && existsSync(dataDir)) {
    await purge(platform, realpathSync(dataDir));
    // Where it was a link, that stands yet.
    rmSync(dataDir, { force: true });
  }
  print(ran ? 'stopped' : 'nothing was running; nothing of it is left on this machine');
}
