import { mostSimulatedNodes } from './options.ts';
import type { TestClusterOptions } from './testing.ts';
import { checkFaults } from './simulation/faults.ts';
import { shown } from './simulation/span.ts';
import type { VirtualClusterOptions } from './simulation/virtual-cluster.ts';
import { UserError } from './user-error.ts';

/** The names of the options on each clock. */
const known: { [Clock in 'real' | 'virtual']: Record<string, true> } = {
  real: {
    clock: true,
    nodes: true,
    serviceClusterIpRange: true,
    clusterCidr: true,
    scheduler: true,
    onLog: true,
  } satisfies Record<keyof TestClusterOptions, true>,
  virtual: {
    clock: true,
    nodes: true,
    seed: true,
    nodeSize: true,
    heartbeat: true,
    faults: true,
    events: true,
    latencies: true,
    answers: true,
    hasImage: true,
    controllers: true,
    scheduler: true,
    kinds: true,
    usage: true,
    onLog: true,
  } satisfies Record<keyof VirtualClusterOptions | 'clock', true>,
};

/** Throws a UserError for options of `startCluster` that a compiler has not looked at, and that mean nothing. */
export function checkTestOptions(options: object): void {
  const { clock = 'real', nodes = 0, seed = 1, faults = {} } = options as Record<string, unknown>;
  if (clock !== 'real' && clock !== 'virtual')
    throw new UserError(`clock: ${shown(clock)} is neither "real" nor "virtual"`);
  for (const name of Object.keys(options)) {
    if (known[clock][name]) continue;
    const all = Object.keys(known[clock]).join(', ');
    throw new UserError(`${name}: there is no such option on a ${clock} clock; there are ${all}`);
  }
  if (!Number.isInteger(nodes) || (nodes as number) < 0 || (nodes as number) > mostSimulatedNodes)
    throw new UserError(`nodes: ${shown(nodes)} is no whole number from 0 to ${mostSimulatedNodes}`);
  if (!Number.isSafeInteger(seed)) throw new UserError(`seed: ${shown(seed)} is no whole number`);
  checkFaults(faults as object);
}
