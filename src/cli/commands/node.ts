import { resolve } from 'node:path';
import { startNode, stopNode } from '../../cluster/node-control.ts';
import { print } from '../output.ts';
import { platformWith, stderrLog } from '../world.ts';

/** Ends everything on a node, as if its power had gone. */
export async function stop(name: string, flags: { dataDir: string }): Promise<void> {
  await stopNode(platformWith(stderrLog('warn')), resolve(flags.dataDir), name);
  print(`stopped ${name}`);
}

/** Starts a node that was stopped. */
export async function start(name: string, flags: { dataDir: string }): Promise<void> {
  await startNode(platformWith(stderrLog('warn')), resolve(flags.dataDir), name);
  print(`started ${name}`);
}
