import type { ContainerStatus, Pod } from '../../api/core/v1.ts';
import { deepEqual } from '../../machinery/equal.ts';
import {
  type AmountRules,
  claimedLists,
  claimedWhole,
  containersPeak,
  type List,
} from '../../machinery/pod-sums.ts';
import { milliValue, quantityValue } from '../../machinery/quantity.ts';

/** Amounts of what nodes have and pods ask for: what everything asks for by field, the rest by name. */
export interface Resources {
  /** Thousandths of a cpu. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of ephemeral storage. */
  readonly storage: number;
  readonly others: ReadonlyMap<string, number>;
}

const noOthers: ReadonlyMap<string, number> = new Map();
const nothing: Resources = { cpu: 0, memory: 0, storage: 0, others: noOthers };

/** The amount of one resource by the name it has in the API. */
export function amountOf(resources: Resources, name: string): number {
  switch (name) {
    case 'cpu':
      return resources.cpu;
    case 'memory':
      return resources.memory;
    case 'ephemeral-storage':
      return resources.storage;
    default:
      return resources.others.get(name) ?? 0;
  }
}

/** Whether two amounts are the same. */
export const sameResources = (a: Resources, b: Resources): boolean =>
  a.cpu === b.cpu &&
  a.memory === b.memory &&
  a.storage === b.storage &&
  a.others.size === b.others.size &&
  [...a.others].every(([name, amount]) => b.others.get(name) === amount);

/** Whether nothing at all is asked for. */
export function isNothing({ cpu, memory, storage, others }: Resources): boolean {
  return cpu === 0 && memory === 0 && storage === 0 && others.size === 0;
}

function combine(a: Resources, b: Resources, join: (x: number, y: number) => number): Resources {
  const { others } = b;
  const cpu = join(a.cpu, b.cpu);
  const memory = join(a.memory, b.memory);
  const storage = join(a.storage, b.storage);
  if (others.size === 0) return { cpu, memory, storage, others: a.others };
  const merged = new Map(a.others);
  for (const [name, amount] of others) merged.set(name, join(merged.get(name) ?? 0, amount));
  return { cpu, memory, storage, others: merged };
}

export function plus(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x + y);
}

export function minus(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x - y);
}

const larger = (a: Resources, b: Resources): Resources => combine(a, b, Math.max);

/** Kept small: most pods ask for the same few amounts, and parsing them is exact but slow. */
const parsed = new Map<string, number>();
const mostParsed = 10_000;

function parse(name: string, text: string | number): number {
  const key = `${name} ${text}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const amount = name === 'cpu' ? milliValue(text) : quantityValue(text);
  if (parsed.size >= mostParsed) parsed.clear();
  parsed.set(key, amount);
  return amount;
}

/** Reads a list as it stands in an object. */
export function amountsOf(list: Readonly<Record<string, string>> | undefined): Resources {
  if (!list) return nothing;
  let others: Map<string, number> | undefined;
  const common = { cpu: 0, memory: 0, storage: 0 };
  for (const name in list) {
    const amount = parse(name, list[name] as string);
    if (name === 'cpu') common.cpu = amount;
    else if (name === 'memory') common.memory = amount;
    else if (name === 'ephemeral-storage') common.storage = amount;
    else if (amount !== 0) others = (others ?? new Map()).set(name, amount);
  }
  return { ...common, others: others ?? noOthers };
}

/** Amounts that may still change. */
interface Total {
  cpu: number;
  memory: number;
  storage: number;
  others: ReadonlyMap<string, number>;
}

const rules: AmountRules<Resources, Total> = {
  none: () => ({ ...nothing }),
  add(total, own) {
    total.cpu += own.cpu;
    total.memory += own.memory;
    total.storage += own.storage;
    for (const [name, amount] of own.others) setOther(total, name, (total.others.get(name) ?? 0) + amount);
  },
  raise(total, base, own) {
    total.cpu = Math.max(total.cpu, base.cpu + own.cpu);
    total.memory = Math.max(total.memory, base.memory + own.memory);
    total.storage = Math.max(total.storage, base.storage + own.storage);
    for (const [name, amount] of own.others) {
      const moment = (base.others.get(name) ?? 0) + amount;
      setOther(total, name, Math.max(total.others.get(name) ?? 0, moment));
    }
  },
};

/** Most totals have no others. */
function setOther(total: Total, name: string, amount: number): void {
  if (total.others === noOthers) total.others = new Map();
  (total.others as Map<string, number>).set(name, amount);
}

/** The most of each resource in any of the lists. */
const mostOf = (lists: readonly List[]): Resources => lists.map(amountsOf).reduce(larger);

/** What is set for the pod as a whole stands in place of what its containers ask for. */
function withPodLevel(total: Resources, pod: Pod): Resources {
  const list = pod.spec.resources?.requests;
  if (!list) return total;
  const own = mostOf(claimedWhole(pod, 'requests'));
  const others = own.others.size > 0 ? new Map([...total.others, ...own.others]) : total.others;
  return {
    cpu: 'cpu' in list ? own.cpu : total.cpu,
    memory: 'memory' in list ? own.memory : total.memory,
    storage: 'ephemeral-storage' in list ? own.storage : total.storage,
    others,
  };
}

/** What a pod needs at its hungriest moment, amid a resize as well; plus its overhead. */
function podAmounts(pod: Pod, read: (lists: readonly List[]) => Resources): Resources {
  const { spec } = pod;
  const listsOf = claimedLists(pod, 'requests');
  const total = containersPeak(spec, (container) => read(listsOf(container)), rules);
  const whole = withPodLevel(total, pod);
  return spec.overhead ? plus(whole, amountsOf(spec.overhead)) : whole;
}

/** What the pod asks for. */
export const requestsOf = (pod: Pod): Resources => podAmounts(pod, mostOf);

/** A container that asks for nothing is taken to use this, so that such pods spread too. */
const assumedMilliCpu = 100;
const assumedMemory = 200 * 1024 * 1024;

/** What the pod is taken to use where it asks for nothing: only for comparing nodes. */
export function assumedRequestsOf(pod: Pod): Resources {
  return podAmounts(pod, (lists) => {
    const own = mostOf(lists);
    const isSaid = (name: string) => lists.some((list) => list && name in list);
    const cpu = isSaid('cpu') ? own.cpu : assumedMilliCpu;
    const memory = isSaid('memory') ? own.memory : assumedMemory;
    return { ...own, cpu, memory };
  });
}

/**
 * Whether two versions of a pod with one spec hold the same of their node: amid a resize the spec is changed first, and what
 * the node has set aside later.
 */
export function holdsTheSame(pod: Pod, old: Pod): boolean {
  const amounts = ({ allocatedResources, resources }: ContainerStatus) => [allocatedResources, resources];
  const told = ({ status }: Pod) => [
    status?.containerStatuses?.map(amounts),
    status?.initContainerStatuses?.map(amounts),
    status?.allocatedResources,
    status?.resources,
    status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason,
  ];
  return deepEqual(told(pod), told(old)) || sameResources(requestsOf(pod), requestsOf(old));
}
