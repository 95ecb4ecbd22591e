import type { HPAScalingRules, HorizontalPodAutoscaler } from '../../api/autoscaling/v2.ts';

/** What was recommended or done, and when. */
export interface Moment {
  atMs: number;
  replicas: number;
}

export interface Past {
  recommendations: readonly Moment[];
  /** Changes made: positive up, negative down. */
  changes: readonly Moment[];
}

export interface Limited {
  replicas: number;
  able: { reason: string; message: string };
  limited: { status: 'True' | 'False'; reason: string; message: string };
}

const fastUp: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const fastDown: HPAScalingRules = {
  stabilizationWindowSeconds: 300,
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

const rulesOf = ({ spec }: HorizontalPodAutoscaler) => ({
  up: { ...fastUp, ...spec.behavior?.scaleUp },
  down: { ...fastDown, ...spec.behavior?.scaleDown },
});

/** What may be done of what is recommended, by the rules, the past and the bounds. */
export function limit(
  scaler: HorizontalPodAutoscaler,
  { current, wanted, past, nowMs }: { current: number; wanted: number; past: Past; nowMs: number },
): Limited {
  const { up, down } = rulesOf(scaler);
  const stable = stabilize(past, { current, wanted, up, down, nowMs });
  const able =
    stable < wanted
      ? { reason: 'ScaleUpStabilized', message: stableText('lower', 'lowest') }
      : stable > wanted
        ? { reason: 'ScaleDownStabilized', message: stableText('higher', 'highest') }
        : { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
  return { able, ...bound(scaler, { current, wanted: stable, past, nowMs }) };
}

const stableText = (side: string, end: string) =>
  `recent recommendations were ${side} than current one, applying the ${end} recent recommendation`;

/** Goes up only as far as all recent recommendations did, and down likewise. */
function stabilize(
  { recommendations }: Past,
  o: { current: number; wanted: number; up: HPAScalingRules; down: HPAScalingRules; nowMs: number },
): number {
  const within = (seconds = 0) =>
    recommendations.filter(({ atMs }) => atMs > o.nowMs - seconds * 1000).map(({ replicas }) => replicas);
  const lowest = Math.min(o.wanted, ...within(o.up.stabilizationWindowSeconds));
  const highest = Math.max(o.wanted, ...within(o.down.stabilizationWindowSeconds));
  if (o.current < lowest) return lowest;
  return o.current > highest ? highest : o.current;
}

function bound(
  scaler: HorizontalPodAutoscaler,
  { current, wanted, past, nowMs }: { current: number; wanted: number; past: Past; nowMs: number },
): Pick<Limited, 'replicas' | 'limited'> {
  const { minReplicas = 1, maxReplicas } = scaler.spec;
  const { up, down } = rulesOf(scaler);
  const text = (reason: string, message: string) => ({ status: 'True' as const, reason, message });
  const most = Math.max(current, reach(up, { current, past, nowMs, sign: 1 }));
  const least = Math.min(current, reach(down, { current, past, nowMs, sign: -1 }));
  const speed = 'the desired replica count is';
  if (wanted > Math.min(most, maxReplicas)) {
    return most < maxReplicas
      ? {
          replicas: most,
          limited: text('ScaleUpLimit', `${speed} increasing faster than the maximum scale rate`),
        }
      : {
          replicas: maxReplicas,
          limited: text('TooManyReplicas', `${speed} more than the maximum replica count`),
        };
  }
  if (wanted < Math.max(least, minReplicas)) {
    return least > minReplicas
      ? {
          replicas: least,
          limited: text('ScaleDownLimit', `${speed} decreasing faster than the maximum scale rate`),
        }
      : {
          replicas: minReplicas,
          limited: text('TooFewReplicas', `${speed} less than the minimum replica count`),
        };
  }
  const message = 'the desired count is within the acceptable range';
  return { replicas: wanted, limited: { status: 'False', reason: 'DesiredWithinRange', message } };
}

/** How far the policies let the number go, counting what has changed within their periods. */
function reach(
  rules: HPAScalingRules,
  { current, past, nowMs, sign }: { current: number; past: Past; nowMs: number; sign: 1 | -1 },
): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const ends = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const recent = past.changes.filter((c) => c.atMs > nowMs - periodSeconds * 1000 && c.replicas * sign > 0);
    const start = current - recent.reduce((sum, { replicas }) => sum + replicas, 0);
    if (type === 'Pods') return start + sign * value;
    const exact = start * (1 + (sign * value) / 100);
    return sign > 0 ? Math.ceil(exact) : Math.floor(exact);
  });
  const widest = (rules.selectPolicy === 'Min') !== sign > 0;
  return widest ? Math.max(...ends) : Math.min(...ends);
}
