import type { Deployment, ReplicaSet } from '../../../src/api/apps/v1.ts';
import type { Pod } from '../../../src/api/core/v1.ts';
import type { Stored } from '../../../src/api/resource.ts';
import { limitsOf } from '../../../src/controllers/deployment/scaling.ts';
import { isActive, isReady, nameOf } from './pods.ts';
import { Ceiling, type Rule } from './rule.ts';
import { type Change, controllerOf, type World } from './world.ts';

const isOf = (resource: string, change: Change) => change.resource === resource && change.after !== undefined;

/** No ReplicaSet ever has more pods than it has asked for of late. */
export function replicaSetRule(): Rule {
  const most = new Map<string, Ceiling>();
  return {
    name: 'never more pods than replicas',
    check(change, world) {
      const { before, after, timeMs, resource } = change;
      if (isOf('replicasets', change)) {
        const set = after as Stored<ReplicaSet>;
        ceilingOf(most, set.metadata.uid).set(set.spec?.replicas ?? 1, timeMs);
      }
      if (resource !== 'pods' || before || !after) return undefined;
      const owner = controllerOf(after);
      if (owner?.kind !== 'ReplicaSet' || !world.byUid(owner.uid)) return undefined;
      const active = world.podsOf(owner.uid).filter(isActive).length;
      const limit = ceilingOf(most, owner.uid).at(timeMs, world.staleMs);
      return active > limit ? `ReplicaSet ${owner.name} has ${active} pods and asks for ${limit}` : undefined;
    },
  };
}

const ceilingOf = (all: Map<string, Ceiling>, uid: string) => {
  const found = all.get(uid) ?? new Ceiling();
  all.set(uid, found);
  return found;
};

function setsOf(deployment: Stored<Deployment>, world: World): Stored<ReplicaSet>[] {
  return world
    .all<ReplicaSet>('replicasets')
    .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
}

/** All pods of a Deployment, whatever ReplicaSet they are of. */
const podsOf = (deployment: Stored<Deployment>, world: World): Stored<Pod>[] =>
  setsOf(deployment, world).flatMap((set) => world.podsOf(set.metadata.uid));

function deploymentOf(pod: Stored<Pod>, world: World): Stored<Deployment> | undefined {
  const set = world.byUid(controllerOf(pod)?.uid);
  const owner = set && controllerOf(set);
  return owner?.kind === 'Deployment' ? world.byUid<Deployment>(owner.uid) : undefined;
}

/** A rollout never asks its ReplicaSets for more pods than replicas and surge together. (Upstream counts what is asked for.) */
export function surgeRule(): Rule {
  const most = new Map<string, Ceiling>();
  return {
    name: 'never above replicas and surge',
    check(change, world) {
      const { before, after, timeMs, actor } = change;
      if (isOf('deployments', change)) {
        const deployment = after as Stored<Deployment>;
        const limit = (deployment.spec?.replicas ?? 1) + limitsOf(deployment).surge;
        ceilingOf(most, deployment.metadata.uid).set(limit, timeMs);
      }
      if (!isOf('replicasets', change) || actor !== 'deployment-controller') return undefined;
      if (askedFor(after as ReplicaSet) <= askedFor(before as ReplicaSet | undefined)) return undefined;
      const deployment = world.byUid<Deployment>(controllerOf(after as Stored<ReplicaSet>)?.uid);
      if (!deployment) return undefined;
      const asked = setsOf(deployment, world).reduce((sum, set) => sum + askedFor(set), 0);
      const limit = ceilingOf(most, deployment.metadata.uid).at(timeMs, world.staleMs);
      return asked > limit
        ? `Deployment ${nameOf(deployment)} asks for ${asked} pods; ${limit} may be there`
        : undefined;
    },
  };
}

const askedFor = (set: ReplicaSet | undefined) => (set ? (set.spec?.replicas ?? 1) : 0);

/** What was last seen of a Deployment that has nothing to do with its rollout. */
interface Calm {
  disturbedMs: number;
}

/**
 * A rollout takes no pod away that has to stay. Asked where the controllers themselves delete a pod that is available, of a
 * Deployment that had all its pods and that nothing else has happened to for a while: what machines, users and
 * other writers take away is not the rollout's doing.
 */
export function availabilityRule(): Rule {
  const calm = new Map<string, Calm>();
  const disturb = (deployment: Stored<Deployment> | undefined, timeMs: number) =>
    deployment && calm.set(deployment.metadata.uid, { disturbedMs: timeMs });
  return {
    name: 'never more pods unavailable than the strategy allows',
    check(change, world) {
      const { resource, before, after, timeMs, actor } = change;
      if (resource === 'deployments' && after && isRescaled(before as Deployment, after as Deployment))
        disturb(after as Stored<Deployment>, timeMs);
      if (resource !== 'pods' || !before) return undefined;
      const pod = before as Stored<Pod>;
      const deployment = deploymentOf(pod, world);
      const counted = isActive(pod) && isReady(pod);
      const counts = after !== undefined && isActive(after as Stored<Pod>) && isReady(after as Stored<Pod>);
      if (!deployment || !counted || counts) return undefined;
      if (actor !== 'replicaset-controller') {
        disturb(deployment, timeMs);
        return undefined;
      }
      const { disturbedMs = 0 } = calm.get(deployment.metadata.uid) ?? {};
      if (timeMs - disturbedMs < 2 * world.staleMs || deployment.metadata.deletionTimestamp) return undefined;
      return tooFew(deployment, world);
    },
  };
}

function isRescaled(before: Deployment | undefined, after: Deployment): boolean {
  const said = ({ spec }: Deployment) =>
    JSON.stringify([spec?.replicas, spec?.strategy, spec?.paused, spec?.minReadySeconds]);
  return !before || said(before) !== said(after);
}

function tooFew(deployment: Stored<Deployment>, world: World): string | undefined {
  if (deployment.spec?.strategy?.type === 'Recreate') return undefined;
  const least = (deployment.spec?.replicas ?? 1) - limitsOf(deployment).unavailable;
  const left = podsOf(deployment, world).filter((pod) => isActive(pod) && isReady(pod)).length;
  return left < least
    ? `Deployment ${nameOf(deployment)} is left with ${left} pods that are available; ${least} have to be`
    : undefined;
}
