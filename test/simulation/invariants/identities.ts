import type { Pod } from '../../../src/api/core/v1.ts';
import type { VirtualCluster } from '../../../src/cluster/simulation/virtual-cluster.ts';
import { controllerOf, type World } from './world.ts';

/** What a cluster shows beside what it has stored. */
export interface Ground {
  cluster: Pick<VirtualCluster, 'running'>;
  /** Machines that there are. */
  machines: Iterable<string>;
  world: World;
}

const isOfStatefulSet = (pod: Pod) => controllerOf(pod)?.kind === 'StatefulSet';

export const identityRule = 'never two living pods of one identity of a StatefulSet';

/** The pods of StatefulSets whose containers run on two machines at once, whatever the API says; one sentence each. */
export async function livingTwice({ cluster, machines, world }: Ground): Promise<string[]> {
  if (!world.pods().some(isOfStatefulSet)) return [];
  const places = new Map<string, string>();
  const found: string[] = [];
  for (const machine of machines)
    for (const name of await cluster.running(machine)) {
      const other = places.get(name);
      places.set(name, machine);
      const pod = world.get<Pod>('pods', name);
      if (other && pod && isOfStatefulSet(pod)) found.push(`pod ${name} runs on ${other} and on ${machine}`);
    }
  return found;
}
