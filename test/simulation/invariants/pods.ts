import type { Node, Pod } from '../../../src/api/core/v1.ts';
import type { Stored } from '../../../src/api/resource.ts';
import { milliValue, quantityValue } from '../../../src/machinery/quantity.ts';
import { controllerOf, type World } from './world.ts';
import type { Rule } from './rule.ts';

export const nameOf = ({ metadata }: { metadata: { namespace?: string; name?: string } }) =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? '');

export const isTerminal = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
/** Counts for its owner: neither over nor on its way out. */
export const isActive = (pod: Pod) => !isTerminal(pod) && !pod.metadata.deletionTimestamp;
export const isReady = (pod: Pod) =>
  pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** Every pod goes back to something that a user wrote. */
export function causeRule(): Rule {
  const rooted = new Set<string>();
  return {
    name: 'no pod without a cause',
    check({ resource, actor, before, after }) {
      if (before || !after) return undefined;
      const owner = controllerOf(after);
      if (actor === 'kubernetes-admin' || (owner && rooted.has(owner.uid))) rooted.add(after.metadata.uid);
      if (resource !== 'pods' || rooted.has(after.metadata.uid)) return undefined;
      return `${actor} made pod ${nameOf(after)}, which nothing that a user wrote asks for`;
    },
  };
}

const requested = (pod: Pod) => {
  const sum = { cpu: 0, memory: 0 };
  for (const { resources } of pod.spec.containers) {
    sum.cpu += milliValue(resources?.requests?.cpu ?? '0');
    sum.memory += quantityValue(resources?.requests?.memory ?? '0');
  }
  return sum;
};

/** The scheduler never gives a node more than it has. */
export function allocatableRule(): Rule {
  return {
    name: 'no node above its allocatable',
    check({ resource, before, after }, world) {
      if (resource !== 'pods' || !after) return undefined;
      const { nodeName } = (after as Stored<Pod>).spec;
      if (!nodeName || (before as Stored<Pod> | undefined)?.spec.nodeName) return undefined;
      return overfull(nodeName, world);
    },
  };
}

function overfull(nodeName: string, world: World): string | undefined {
  const node = world.get<Node>('minions', nodeName);
  const allocatable = node?.status?.allocatable;
  if (!allocatable) return undefined;
  const there = world.pods().filter((pod) => pod.spec.nodeName === nodeName && !isTerminal(pod));
  const sum = { cpu: 0, memory: 0 };
  for (const pod of there) {
    const { cpu, memory } = requested(pod);
    sum.cpu += cpu;
    sum.memory += memory;
  }
  const names = () => there.map(nameOf).join(', ');
  if (sum.cpu > milliValue(allocatable.cpu ?? '0'))
    return `${nodeName} has ${allocatable.cpu} of cpu, and pods that ask for ${sum.cpu}m: ${names()}`;
  if (sum.memory > quantityValue(allocatable.memory ?? '0'))
    return `${nodeName} has ${allocatable.memory} of memory, and pods that ask for ${sum.memory}: ${names()}`;
  if (there.length > Number(allocatable.pods ?? 110)) return `${nodeName} has ${there.length} pods`;
  return undefined;
}
