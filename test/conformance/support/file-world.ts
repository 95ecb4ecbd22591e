import { afterAll } from 'vitest';
import type { VirtualClusterOptions } from '../../../src/cluster/simulation/virtual-cluster.ts';
import { ConformanceWorld } from './virtual.ts';

/** A world that all tests of a file share; it ends with them. */
export async function startFileWorld(options?: VirtualClusterOptions): Promise<ConformanceWorld> {
  const world = await ConformanceWorld.start(options);
  afterAll(() => world.stop());
  return world;
}
