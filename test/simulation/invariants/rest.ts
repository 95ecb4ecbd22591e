import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../src/api/apps/v1.ts';
import type { Job } from '../../../src/api/batch/v1.ts';
import type { Node } from '../../../src/api/core/v1.ts';
import type { PodDisruptionBudget } from '../../../src/api/policy/v1.ts';
import type { KubernetesObject, Stored } from '../../../src/api/resource.ts';
import { autoscalersAtRest } from './autoscalers.ts';
import { isActive, isReady, nameOf } from './pods.ts';
import type { RestRule } from './rule.ts';
import { controllerOf, type World } from './world.ts';

/** What is owned goes with its owners. */
const orphans: RestRule = {
  name: 'nothing outlives its owners',
  check: (world) =>
    world
      .everything()
      .filter(({ metadata }) => metadata.ownerReferences?.length)
      .filter(({ metadata }) => metadata.ownerReferences?.every(({ uid }) => !world.byUid(uid)))
      .map((object) => `${object.kind} ${nameOf(object)} is there, and its owners are not`),
};

/** What is deleted goes. */
const leftovers: RestRule = {
  name: 'what is deleted goes',
  check: (world) =>
    world
      .everything()
      .filter(({ metadata }) => metadata.deletionTimestamp)
      .map((object) => {
        const { finalizers = [], deletionTimestamp } = object.metadata;
        return `${object.kind} ${nameOf(object)} has been going since ${deletionTimestamp} (${finalizers.join(', ')})`;
      }),
};

const homeless: RestRule = {
  name: 'nothing is left of a namespace that is gone',
  check: (world) =>
    world
      .everything()
      .filter(({ metadata }) => metadata.namespace && !world.get('namespaces', metadata.namespace))
      .map((object) => `${object.kind} ${nameOf(object)} is there, and its namespace is not`),
};

const budgets = compared<PodDisruptionBudget>('poddisruptionbudgets', ({ spec, status, metadata }, world) => {
  const app = spec?.selector?.matchLabels?.app;
  const healthy = world
    .pods()
    .filter((pod) => pod.metadata.namespace === metadata.namespace && pod.metadata.labels?.app === app)
    .filter((pod) => isActive(pod) && isReady(pod)).length;
  return {
    wanted: {
      observedGeneration: metadata.generation,
      currentHealthy: healthy,
      disruptionsAllowed: Math.max(0, healthy - (status?.desiredHealthy ?? 0)),
      disruptedPods: 0,
    },
    is: {
      ...(status as unknown as Counted['is']),
      disruptedPods: Object.keys(status?.disruptedPods ?? {}).length,
    },
  };
});

const placed: RestRule = {
  name: 'pods are on nodes that are there',
  check: (world) =>
    world
      .pods()
      .filter(({ spec }) => spec.nodeName && !world.get<Node>('minions', spec.nodeName))
      .map((pod) => `pod ${nameOf(pod)} is on ${pod.spec.nodeName}, which is gone`),
};

interface Counted {
  /** What is asked for, by what it is called. */
  wanted: Record<string, number | string | undefined>;
  is: Record<string, number | string | undefined>;
}

const differences = ({ wanted, is }: Counted) =>
  Object.keys(wanted)
    .filter((name) => (wanted[name] ?? 0) !== (is[name] ?? 0))
    .map((name) => `${name} ${is[name] ?? 0} instead of ${wanted[name] ?? 0}`);

function compared<T extends KubernetesObject>(
  resource: string,
  count: (object: Stored<T>, world: World) => Counted | undefined,
): RestRule {
  return {
    name: `${resource} are as they should be`,
    check: (world) =>
      world.all<T>(resource).flatMap((object) => {
        const counted = count(object, world);
        const all = counted ? differences(counted) : [];
        return all.length > 0 ? [`${object.kind} ${nameOf(object)}: ${all.join(', ')}`] : [];
      }),
  };
}

const deployments = compared<Deployment>('deployments', ({ spec, status, metadata }) => {
  const { replicas = 1 } = spec ?? {};
  return {
    wanted: {
      observedGeneration: metadata.generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      unavailableReplicas: 0,
    },
    is: { ...status } as Counted['is'],
  };
});

const replicaSets = compared<ReplicaSet>('replicasets', (set, world) => {
  const replicas = set.spec?.replicas ?? 1;
  const pods = world.podsOf(set.metadata.uid).filter(isActive);
  const ready = pods.filter(isReady).length;
  return {
    wanted: {
      observedGeneration: set.metadata.generation,
      replicas,
      readyReplicas: replicas,
      pods: replicas,
      ready: replicas,
    },
    is: { ...(set.status as unknown as Counted['is']), pods: pods.length, ready },
  };
});

const statefulSets = compared<StatefulSet>('statefulsets', ({ spec, status, metadata }) => {
  const { replicas = 1 } = spec ?? {};
  return {
    wanted: {
      observedGeneration: metadata.generation,
      replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      updatedReplicas: replicas,
      currentRevision: status?.updateRevision,
    },
    is: { ...status } as unknown as Counted['is'],
  };
});

const daemonSets = compared<DaemonSet>('daemonsets', ({ status, metadata }, world) => {
  const eligible = world.nodes().length;
  return {
    wanted: {
      observedGeneration: metadata.generation,
      desiredNumberScheduled: eligible,
      currentNumberScheduled: eligible,
      numberReady: eligible,
      updatedNumberScheduled: eligible,
      numberMisscheduled: 0,
    },
    is: { ...status } as unknown as Counted['is'],
  };
});

const jobs = compared<Job>('jobs', ({ spec, status }) => {
  const over = status?.conditions?.find(
    (c) => ['Complete', 'Failed'].includes(c.type) && c.status === 'True',
  );
  const succeeded = over?.type === 'Complete' ? (spec?.completions ?? status?.succeeded) : status?.succeeded;
  return {
    wanted: { over: 'yes', active: 0, succeeded },
    is: { over: over ? 'yes' : 'no', active: status?.active, succeeded: status?.succeeded },
  };
});

/** A pod that nothing manages any more is nobody's to judge; all others are where they should be. */
const strays: RestRule = {
  name: 'pods are of something that is there',
  check: (world) =>
    world
      .pods()
      .filter((pod) => controllerOf(pod) && !world.byUid(controllerOf(pod)?.uid))
      .map((pod) => `pod ${nameOf(pod)} is managed by something that is gone`),
};

export const restRules: readonly RestRule[] = [
  orphans,
  leftovers,
  homeless,
  budgets,
  autoscalersAtRest,
  placed,
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  jobs,
  strays,
];
