import type { Deployment } from '../../../src/api/apps/v1.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../../src/api/autoscaling/v2.ts';
import type { Stored } from '../../../src/api/resource.ts';
import { milliValue } from '../../../src/machinery/quantity.ts';
import { nameOf } from './pods.ts';
import type { RestRule, Rule } from './rule.ts';
import type { Change, World } from './world.ts';

type Scaler = Stored<HorizontalPodAutoscaler>;

/** One change that the autoscaler has made: how many pods more. */
interface Step {
  timeMs: number;
  by: number;
}

/** What it takes to write what was decided. */
const slackMs = 1000;

const replicasOf = (object: Change['after']) => (object as Deployment | undefined)?.spec?.replicas ?? 1;

function scalerOf({ metadata, kind }: Stored<Deployment>, world: World): Scaler | undefined {
  return world
    .all<HorizontalPodAutoscaler>('horizontalpodautoscalers')
    .find(
      (scaler) =>
        scaler.metadata.namespace === metadata.namespace &&
        scaler.spec.scaleTargetRef.name === metadata.name &&
        scaler.spec.scaleTargetRef.kind === kind,
    );
}

/**
 * An autoscaler never leaves its limits. While nothing goes wrong (one that starts again has forgotten what it did) it goes no faster
 * than its policies let it, and not down again within the time for which it looks back at what it has gone up for.
 */
export function autoscalerRule(): Rule {
  const past = new Map<string, Step[]>();
  return {
    name: 'an autoscaler keeps its limits, its policies and its patience',
    check(change, world) {
      const { before, after, actor, timeMs } = change;
      if (actor !== 'horizontal-pod-autoscaler' || !before || !after) return undefined;
      const by = replicasOf(after) - replicasOf(before);
      const target = after as Stored<Deployment>;
      const scaler = by === 0 ? undefined : scalerOf(target, world);
      if (!scaler) return undefined;
      if (!world.isQuiet) past.delete(target.metadata.uid);
      const steps = past.get(target.metadata.uid) ?? [];
      past.set(target.metadata.uid, [...steps, { timeMs, by }]);
      const step = { scaler, from: replicasOf(before), to: replicasOf(after), timeMs };
      const wrong = outside(step) ?? tooFast(step, steps) ?? tooSoon(step, steps);
      return (
        wrong && `${target.kind} ${nameOf(target)} goes from ${step.from} to ${step.to} replicas, ${wrong}`
      );
    },
  };
}

interface Scaling {
  scaler: Scaler;
  from: number;
  to: number;
  timeMs: number;
}

function outside({ scaler: { spec }, to }: Scaling): string | undefined {
  const { minReplicas = 1, maxReplicas } = spec;
  return to < minReplicas || to > maxReplicas
    ? `where ${minReplicas} to ${maxReplicas} are allowed`
    : undefined;
}

function tooFast({ scaler, from, to, timeMs }: Scaling, steps: readonly Step[]): string | undefined {
  const sign = Math.sign(to - from);
  const { minReplicas = 1, maxReplicas, behavior } = scaler.spec;
  // Back within the limits it goes at once.
  if (from < minReplicas || from > maxReplicas) return undefined;
  const rules = sign > 0 ? behavior?.scaleUp : behavior?.scaleDown;
  const ends = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const since = timeMs - periodSeconds * 1000 + slackMs;
    const recent = steps.filter((step) => step.timeMs > since);
    const start = from - recent.reduce((sum, { by }) => sum + by, 0);
    const many = type === 'Pods' ? value : Math.ceil((start * value) / 100);
    return start + sign * many;
  });
  if (ends.length === 0) return undefined;
  const furthest = sign > 0 ? Math.max(...ends) : Math.min(...ends);
  return (to - furthest) * sign > 0 ? `where its policies let it go to ${furthest}` : undefined;
}

function tooSoon({ scaler, from, to, timeMs }: Scaling, steps: readonly Step[]): string | undefined {
  if (to > from || from > scaler.spec.maxReplicas) return undefined;
  const seconds = windowOf(scaler.spec.behavior?.scaleDown);
  const up = steps.findLast(({ by, timeMs: atMs }) => by > 0 && atMs > timeMs - seconds * 1000 + slackMs);
  return up && `${(timeMs - up.timeMs) / 1000} s after it has gone up; it has to wait for ${seconds} s`;
}

const windowOf = (rules: HPAScalingRules | undefined) => rules?.stabilizationWindowSeconds ?? 300;

/** What deviates by less from what is wanted is let be. */
const tolerance = 0.1;

/** The number that an autoscaler would make of this number of pods, if all of them are ready; `load` where it is measured. */
function next({ spec }: Scaler, count: number, load: number | undefined): number {
  const { minReplicas = 1, maxReplicas, metrics = [] } = spec;
  const within = (many: number) => Math.min(maxReplicas, Math.max(minReplicas, many));
  if (load === undefined) return within(count);
  const aim = milliValue(metrics[0]?.resource?.target.averageValue ?? '0');
  const used = Math.floor(load / count) * count;
  const ratio = used / (count * aim);
  const isRight = 1 - tolerance <= ratio && ratio <= 1 + tolerance;
  return within(isRight ? count : Math.ceil(used / aim));
}

/** What is scaled down to nothing is left so. */
export const autoscalersAtRest: RestRule = {
  name: 'autoscalers keep the number of pods within their limits, and as the load wants it',
  check: (world) =>
    world.all<HorizontalPodAutoscaler>('horizontalpodautoscalers').flatMap((scaler) => {
      const { kind, name } = scaler.spec.scaleTargetRef;
      const key = `${scaler.metadata.namespace}/${name}`;
      const target = world.get<Deployment>(`${kind.toLowerCase()}s`, key);
      const { replicas = 1 } = target?.spec ?? {};
      if (!target || replicas === 0) return [];
      const wanted = next(scaler, replicas, world.loads.get(name));
      return wanted === replicas ? [] : [`${nameOf(target)} has ${replicas} replicas instead of ${wanted}`];
    }),
};
