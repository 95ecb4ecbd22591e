import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { down as stopCluster } from '../../cluster/down.ts';
import { print } from '../output.ts';
import { isRoot, platformWith, stderrLog } from '../world.ts';

/** Stops what runs from a data directory, and removes what it has put on this machine. */
export async function down(flags: { dataDir: string; purge?: boolean }): Promise<void> {
  const dataDir = resolve(flags.dataDir);
  const ran = await stopCluster(platformWith(stderrLog('warn')), dataDir, isRoot);
  if (flags.purge) rmSync(dataDir, { recursive: true, force: true });
  print(ran ? 'stopped' : 'nothing was running; nothing of it is left on this machine');
}
