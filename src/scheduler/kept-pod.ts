import type { Container, ContainerStatus, Pod, PodSpec, PodStatus, Volume } from '../api/core/v1.ts';
import type { Stored, StoredMeta } from '../api/resource.ts';
import type { Keep } from '../client/informer.ts';
import { deepEqual } from '../machinery/equal.ts';
import type { SchedulerConfiguration } from './configuration/configuration.ts';

const keptOfSpec = [
  'priority',
  'overhead',
  'resources',
  'resourceClaims',
] as const satisfies (keyof PodSpec)[];

const keptOfStatus = [
  'nominatedNodeName',
  'allocatedResources',
  'resources',
  'resourceClaimStatuses',
  'extendedResourceClaimStatus',
] as const satisfies (keyof PodStatus)[];

/** Of preemption, and of a resize that its node cannot make. */
const keptConditions = ['DisruptionTarget', 'PodResizePending'];

/** What a node makes for a pod by itself: no other pod cares. */
const ownVolumes = [
  'configMap',
  'downwardAPI',
  'emptyDir',
  'hostPath',
  'image',
  'projected',
  'secret',
] as const satisfies (keyof Volume)[];

/** What is kept of pods where the scheduler has a memory of its own, if that need not be all: extenders are told all of them. */
export function keptPods({ profiles, extenders }: SchedulerConfiguration): Keep<Pod> | undefined {
  if (extenders.length > 0) return undefined;
  const names = profiles.map(({ schedulerName }) => schedulerName);
  const keeper = new PodKeeper(({ spec }) => names.includes(spec.schedulerName ?? ''));
  return (pod) => keeper.kept(pod);
}

/** What many pods say alike, once. */
class Shared {
  readonly #texts = new Map<string, string>();
  readonly #values = new Map<string, unknown>();

  text<T extends string | undefined>(text: T): T {
    if (text === undefined) return text;
    const known = this.#texts.get(text);
    if (known === undefined) remember(this.#texts, text, text);
    return (known as T) ?? text;
  }

  /** Of values that nobody writes into. */
  value<T>(value: T): T {
    if (value === undefined) return value;
    const key = JSON.stringify(value);
    const known = this.#values.get(key);
    if (known === undefined) remember(this.#values, key, value);
    return (known as T) ?? value;
  }
}

/** A cluster with more different pods than these has them more than once. */
const mostShared = 5000;

function remember<V>(known: Map<string, V>, key: string, value: V): void {
  if (known.size >= mostShared) known.clear();
  known.set(key, value);
}

class PodKeeper {
  readonly #isOurs: (pod: Pod) => boolean;
  readonly #shared = new Shared();

  constructor(isOurs: (pod: Pod) => boolean) {
    this.#isOurs = isOurs;
  }

  /**
   * As much of a pod as scheduling looks at: nothing of one that has ended, or that waits for somebody else; all of one that waits for this
   * scheduler; of one that has its node, what it holds there and which pods it wants near it.
   */
  kept(pod: Stored<Pod>): Stored<Pod> | undefined {
    const { metadata, spec, status } = pod;
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
    if (!spec.nodeName) return this.#isOurs(pod) ? pod : undefined;
    const { apiVersion, kind } = pod;
    return {
      apiVersion,
      kind,
      metadata: this.#metadata(metadata),
      spec: this.#spec(spec),
      status: status && this.#status(status, spec),
    };
  }

  #metadata(metadata: StoredMeta): StoredMeta {
    const { name, namespace, uid, resourceVersion, generation, creationTimestamp, labels } = metadata;
    const kept: StoredMeta = {
      name,
      namespace: this.#shared.text(namespace),
      uid,
      resourceVersion,
      generation,
      creationTimestamp: this.#shared.text(creationTimestamp),
      labels: this.#shared.value(labels),
    };
    if (metadata.deletionTimestamp) kept.deletionTimestamp = metadata.deletionTimestamp;
    return kept;
  }

  #spec(spec: PodSpec): PodSpec {
    const { nodeName, schedulerName, containers, initContainers, affinity } = spec;
    const kept: PodSpec = {
      nodeName: this.#shared.text(nodeName),
      schedulerName: this.#shared.text(schedulerName),
      containers: this.#shared.value(containers.map(keptContainer)),
    };
    if (initContainers) kept.initContainers = this.#shared.value(initContainers.map(keptContainer));
    if (affinity) kept.affinity = this.#shared.value(affinity);
    copy(kept, spec, keptOfSpec);
    const volumes = spec.volumes?.filter((volume) => !isOwn(volume));
    if (volumes?.length) kept.volumes = volumes;
    return kept;
  }

  #status(status: PodStatus, { containers, initContainers }: PodSpec): PodStatus {
    const { phase, startTime } = status;
    const kept: PodStatus = { phase, startTime: this.#shared.text(startTime) };
    copy(kept, status, keptOfStatus);
    const conditions = status.conditions?.filter(({ type }) => keptConditions.includes(type));
    if (conditions?.length) kept.conditions = conditions;
    const running = keptAmounts(status.containerStatuses, containers);
    if (running) kept.containerStatuses = running;
    const before = keptAmounts(status.initContainerStatuses, initContainers);
    if (before) kept.initContainerStatuses = before;
    return kept;
  }
}

/** What is not there is left out, which takes less than saying so. */
function copy<T extends object>(to: T, from: T, keys: readonly (keyof T)[]): T {
  for (const key of keys) if (from[key] !== undefined) to[key] = from[key];
  return to;
}

const isOwn = (volume: Volume): boolean => ownVolumes.some((kind) => volume[kind] !== undefined);

function keptContainer(container: Container): Container {
  const kept = copy({ name: container.name }, container, ['resources', 'restartPolicy']);
  const ports = container.ports?.filter(({ hostPort }) => hostPort);
  if (ports?.length) kept.ports = ports;
  return kept;
}

/** What containers have been given, where that is not what they ask for: amid a resize. */
function keptAmounts(
  statuses: readonly ContainerStatus[] | undefined,
  containers: readonly Container[] | undefined,
): ContainerStatus[] | undefined {
  const resized = statuses?.filter(({ name, resources, allocatedResources = resources?.requests }) => {
    const asked = containers?.find((container) => container.name === name)?.resources?.requests;
    return resources && !(deepEqual(resources.requests, asked) && deepEqual(allocatedResources, asked));
  });
  return resized?.length ? resized : undefined;
}
