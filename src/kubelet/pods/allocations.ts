import type { Node, Pod, PodCondition, ResourceRequirements } from '../../api/core/v1.ts';
import { deepEqual } from '../../machinery/equal.ts';
import {
  addQuantities,
  compareQuantities,
  milliValue,
  type ParsedQuantity,
  quantityOf,
  quantityValue,
} from '../../machinery/quantity.ts';
import { readSums } from '../../machinery/resource-sums.ts';
import { specSums, totalRequests } from '../../machinery/pod-sums.ts';
import { isStaticPod } from './pod-kinds.ts';

/** Says of a pod that the node cannot give it what it asks for now. */
export const resizePending = 'PodResizePending';
/** Says of a pod that what it was given has not reached its containers yet. */
export const resizeInProgress = 'PodResizeInProgress';

export interface Allocation {
  /** The pod with the resources that the node has set aside for it. */
  pod: Pod;
  /** Why that is not what the pod asks for. */
  pending?: PodCondition;
  /** What has come of a wish for other resources, the first time that it is known. */
  news?: 'granted' | 'refused';
}

/** Resources of the pod as a whole, and of its containers by name. */
interface Held {
  whole: ResourceRequirements | undefined;
  containers: ReadonlyMap<string, ResourceRequirements | undefined>;
}

/** What the node has set aside for each pod: what it first asked for, and later changes where there is room. */
export class Allocations {
  readonly #held = new Map<string, Held>();
  readonly #refused = new Map<string, PodCondition>();

  allocate(pod: Pod, node: Node | undefined, others: Pod[]): Allocation {
    const uid = pod.metadata.uid as string;
    const asked = resourcesOf(pod);
    const held = this.#held.get(uid);
    const isOther = held !== undefined && !sameResources(held, asked);
    const pending = isOther && node ? refusal(pod, node, others) : undefined;
    if (held && pending) {
      const isNews = !deepEqual(this.#refused.get(uid), pending);
      this.#refused.set(uid, pending);
      return { pod: withResources(pod, held), pending, ...(isNews && { news: 'refused' }) };
    }
    this.#refused.delete(uid);
    this.#held.set(uid, asked);
    return { pod, ...(isOther && { news: 'granted' }) };
  }

  forget(podUid: string): void {
    this.#held.delete(podUid);
    this.#refused.delete(podUid);
  }
}

const resourcesOf = ({ spec }: Pod): Held => ({
  whole: spec.resources,
  containers: new Map([...(spec.initContainers ?? []), ...spec.containers].map((c) => [c.name, c.resources])),
});

const sameResources = (a: Held, b: Held): boolean =>
  deepEqual(a.whole, b.whole) && deepEqual([...a.containers], [...b.containers]);

function withResources(pod: Pod, held: Held): Pod {
  const give = <C extends { name: string; resources?: ResourceRequirements }>(c: C): C =>
    held.containers.has(c.name) ? { ...c, resources: held.containers.get(c.name) } : c;
  const { initContainers, containers } = pod.spec;
  const init = initContainers && { initContainers: initContainers.map(give) };
  const own = { resources: held.whole, containers: containers.map(give) };
  return { ...pod, spec: { ...pod.spec, ...init, ...own } };
}

function refusal(pod: Pod, node: Node, others: Pod[]): PodCondition | undefined {
  const say = (reason: string, message: string): PodCondition => ({
    type: resizePending,
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    status: 'True',
    reason,
    message,
  });
  if (isStaticPod(pod)) return say('Infeasible', 'In-place resize of static-pods is not supported');
  const allocatable = readSums(node.status?.allocatable);
  const taken = totalRequests(others);
  for (const [name, request] of specSums(pod.spec, 'requests')) {
    const has = allocatable.get(name) ?? quantityOf(0);
    const value = (q: ParsedQuantity) => (name === 'cpu' ? milliValue(q) : quantityValue(q));
    const used = taken.get(name) ?? quantityOf(0);
    if (compareQuantities(request, has) > 0)
      return say(
        'Infeasible',
        `Node didn't have enough capacity: ${name}, requested: ${value(request)}, capacity: ${value(has)}`,
      );
    if (compareQuantities(addQuantities(used, request), has) > 0)
      return say(
        'Deferred',
        `Node didn't have enough resource: ${name}, requested: ${value(request)}, used: ${value(used)}, capacity: ${value(has)}`,
      );
  }
  return undefined;
}
