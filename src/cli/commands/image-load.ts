import { resolve } from 'node:path';
import { loadImages as load } from '../../cluster/load-images.ts';
import { print } from '../output.ts';
import { platformWith, stderrLog } from '../world.ts';

/** Puts image archives on every node. */
export async function loadImages(files: string[], flags: { dataDir: string }): Promise<void> {
  await load(platformWith(stderrLog('warn')), resolve(flags.dataDir), {
    files: files.map((file) => resolve(file)),
    onLoaded: (file, node) => print(`loaded ${file} on ${node}`),
  });
}
