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
import { qosClassOf } from '../../machinery/qos.ts';
import { readSums, type Sums, zero } from '../../machinery/resource-sums.ts';
import { specSums, totalRequests } from '../../machinery/pod-sums.ts';
import { isStaticPod } from './pod-kinds.ts';

/** Says of a pod that the node cannot give it what it asks for now. */
export const resizePending = 'PodResizePending';
/** Says of a pod that what it was given has not reached its containers yet. */
export const resizeInProgress = 'PodResizeInProgress';
/** Why a resize is pending that may find room later. */
const deferred = 'Deferred';

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
  /** Whoever has waited longest comes first. */
  readonly #refused = new Map<string, PodCondition>();

  /** `others` gives what else the node has taken in, as it asks for room. */
  allocate(pod: Pod, node: Node | undefined, others: () => readonly Pod[]): Allocation {
    const uid = pod.metadata.uid as string;
    const held = this.#held.get(uid);
    if (!held) return this.#takeUp(pod);
    const asked = resourcesOf(pod);
    const isOther = !sameResources(held, asked);
    const pending =
      isOther && node
        ? refusal(
            pod,
            node,
            others().map((other) => this.asHeld(other)),
          )
        : undefined;
    if (pending) {
      const isNews = !deepEqual(this.#refused.get(uid), pending);
      this.#refused.set(uid, pending);
      return { pod: withResources(pod, held), pending, ...(isNews && { news: 'refused' }) };
    }
    this.#refused.delete(uid);
    this.#held.set(uid, asked);
    return { pod, ...(isOther && { news: 'granted' }) };
  }

  /** A pod with what is set aside for it; one that is not known yet as it is. */
  asHeld(pod: Pod): Pod {
    const held = this.#held.get(pod.metadata.uid as string);
    return held ? withResources(pod, held) : pod;
  }

  /** The pods whose wishes wait for room, in the order in which they are to get it. */
  waiting(pods: readonly Pod[]): Pod[] {
    const byUid = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
    const waiting = [...this.#refused].flatMap(([uid, { reason }]) =>
      reason === deferred ? (byUid.get(uid) ?? []) : [],
    );
    return waiting.sort((a, b) =>
      compareWaiting({ pod: a, held: this.asHeld(a) }, { pod: b, held: this.asHeld(b) }),
    );
  }

  forget(podUid: string): void {
    this.#held.delete(podUid);
    this.#refused.delete(podUid);
  }

  /** A pod that waited before this kubelet began holds what its status says; whether there is room now is for later, when all are known. */
  #takeUp(pod: Pod): Allocation {
    const uid = pod.metadata.uid as string;
    const told = toldPending(pod);
    this.#held.set(uid, told ? heldByStatus(pod) : resourcesOf(pod));
    if (!told) return { pod };
    this.#refused.set(uid, told);
    return { pod: this.asHeld(pod), pending: told };
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

function toldPending({ status }: Pod): PodCondition | undefined {
  const told = status?.conditions?.find((c) => c.type === resizePending && c.status === 'True');
  if (!told) return undefined;
  const { lastProbeTime: _, lastTransitionTime: __, ...condition } = told;
  return condition;
}

function heldByStatus({ spec, status }: Pod): Held {
  const asked = resourcesOf({ metadata: {}, spec });
  const told = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const held = told.map(
    ({ name, allocatedResources: requests, resources }) => [name, { ...resources, requests }] as const,
  );
  const whole = spec.resources && { ...status?.resources, requests: status?.allocatedResources };
  return { whole, containers: new Map([...asked.containers, ...held]) };
}

interface Waiting {
  /** As it asks for room. */
  pod: Pod;
  held: Pod;
}

/** Wishes for no more than before come first, then the pod of the higher priority, then the guaranteed one. (KEP-1287) */
function compareWaiting(a: Waiting, b: Waiting): number {
  const isGuaranteed = ({ pod }: Waiting) => qosClassOf(pod) === 'Guaranteed';
  return (
    Number(grows(a)) - Number(grows(b)) ||
    (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) ||
    Number(isGuaranteed(b)) - Number(isGuaranteed(a))
  );
}

function grows({ pod, held }: Waiting): boolean {
  const [asked, before] = [pod, held].map(({ spec }) => specSums(spec, 'requests')) as [Sums, Sums];
  return ['cpu', 'memory'].some(
    (name) => compareQuantities(asked.get(name) ?? zero, before.get(name) ?? zero) > 0,
  );
}

function refusal(pod: Pod, node: Node, others: readonly Pod[]): PodCondition | undefined {
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
        deferred,
        `Node didn't have enough resource: ${name}, requested: ${value(request)}, used: ${value(used)}, capacity: ${value(has)}`,
      );
  }
  return undefined;
}
