import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../api/autoscaling/v2.ts';

/** What was recommended or done, and when, on the monotonic clock. */
export interface Moment {
  atMs: number;
  replicas: number;
}

export interface Past {
  recommendations: readonly Moment[];
  /** Changes made: positive up, negative down. */
  changes: readonly Moment[];
}

/** Why something is as it is, as a condition says it. */
export interface Why {
  reason: string;
  message: string;
}

export interface Limited {
  replicas: number;
  able: Why;
  limited: Why & { status: 'True' | 'False' };
}

interface Input {
  current: number;
  wanted: number;
  past: Past;
  /** On the monotonic clock. */
  nowMs: number;
}

/** How long the highest recommendation holds where nothing else is said (`--horizontal-pod-autoscaler-downscale-stabilization`). */
const downscaleStabilizationSeconds = 300;

const fastUp: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const fastDown: HPAScalingRules = {
  stabilizationWindowSeconds: downscaleStabilizationSeconds,
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

const stableText = (side: string, end: string) =>
  `recent recommendations were ${side} than current one, applying the ${end} recent recommendation`;
const stableUp = { reason: 'ScaleUpStabilized', message: stableText('lower', 'lowest') };
const stableDown = { reason: 'ScaleDownStabilized', message: stableText('higher', 'highest') };
const unchanged = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };

const speed = 'the desired replica count is';
const rate = 'faster than the maximum scale rate';
const tooFast = { reason: 'ScaleUpLimit', message: `${speed} increasing ${rate}` };
const tooMany = { reason: 'TooManyReplicas', message: `${speed} more than the maximum replica count` };
const tooFastDown = { reason: 'ScaleDownLimit', message: `${speed} decreasing ${rate}` };
const tooFew = { reason: 'TooFewReplicas', message: `${speed} less than the minimum replica count` };
const inRange = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};

/** What may be done of what is recommended, by the rules, the past and the bounds. */
export function limit(scaler: HorizontalPodAutoscaler, input: Input): Limited {
  const { behavior, minReplicas = 1, maxReplicas } = scaler.spec;
  if (!behavior) return limitPlainly({ min: minReplicas, max: maxReplicas }, input);
  const { current, wanted } = input;
  const up = { ...fastUp, ...behavior.scaleUp };
  const down = { ...fastDown, ...behavior.scaleDown };
  const stable = stabilize(input, up, down);
  const able = stable === wanted ? unchanged : wanted >= current ? stableUp : stableDown;
  if (stable > current) {
    const most = Math.max(current, reach(up, input, 1));
    const [top, why] = maxReplicas > most ? [most, tooFast] : [maxReplicas, tooMany];
    return bounded(stable, able, stable > top ? { replicas: top, why } : undefined);
  }
  if (stable < current) {
    const least = Math.min(current, reach(down, input, -1));
    const [end, why] = minReplicas < least ? [least, tooFastDown] : [minReplicas, tooFew];
    return bounded(stable, able, stable < end ? { replicas: end, why } : undefined);
  }
  return bounded(stable, able, undefined);
}

const bounded = (stable: number, able: Why, bound: { replicas: number; why: Why } | undefined): Limited =>
  bound
    ? { replicas: bound.replicas, able, limited: { status: 'True', ...bound.why } }
    : { replicas: stable, able, limited: { status: 'False', ...inRange } };

/** Where nothing is said about behavior: up to twice as many or four, and down by the highest of the last minutes. */
function limitPlainly({ min, max }: { min: number; max: number }, input: Input): Limited {
  const { current, wanted, past, nowMs } = input;
  const since = nowMs - downscaleStabilizationSeconds * 1000;
  const recent = past.recommendations.filter(({ atMs }) => atMs >= since);
  const stable = Math.max(wanted, ...recent.map(({ replicas }) => replicas));
  const able = stable === wanted ? unchanged : stableDown;
  const most = Math.max(2 * current, 4);
  const [top, why] = max > most ? [most, tooFast] : [max, tooMany];
  if (stable < min) return bounded(stable, able, { replicas: min, why: tooFew });
  return bounded(stable, able, stable > top ? { replicas: top, why } : undefined);
}

/** Goes up only as far as all recent recommendations did, and down likewise. */
function stabilize(
  { current, wanted, past, nowMs }: Input,
  up: HPAScalingRules,
  down: HPAScalingRules,
): number {
  const within = (seconds = 0) =>
    past.recommendations.filter(({ atMs }) => atMs > nowMs - seconds * 1000).map(({ replicas }) => replicas);
  const lowest = Math.min(wanted, ...within(up.stabilizationWindowSeconds));
  const highest = Math.max(wanted, ...within(down.stabilizationWindowSeconds));
  return Math.min(Math.max(current, lowest), highest);
}

/** How far the policies let the number go, counting what has changed within their periods. */
function reach(rules: HPAScalingRules, { current, past, nowMs }: Input, sign: 1 | -1): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const ends = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const recent = past.changes.filter((c) => c.atMs > nowMs - periodSeconds * 1000);
    const start = current - recent.reduce((sum, { replicas }) => sum + replicas, 0);
    if (type === 'Pods') return start + sign * value;
    const exact = start * (1 + (sign * value) / 100);
    return sign > 0 ? Math.ceil(exact) : Math.trunc(exact);
  });
  const widest = (rules.selectPolicy === 'Min') !== sign > 0;
  return widest ? Math.max(...ends) : Math.min(...ends);
}
