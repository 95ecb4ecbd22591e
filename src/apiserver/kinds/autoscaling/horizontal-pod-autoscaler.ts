import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec } from '../../../api/autoscaling/v2.ts';
import { horizontalpodautoscalers } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn, text } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { metricsText } from './metrics-text.ts';
import { autoscalerErrors, autoscalerStatusErrors } from './validation.ts';

type Autoscaler = HorizontalPodAutoscaler;

const count = (name: string, description: string, of: (a: Autoscaler) => number | undefined) => ({
  ...integer(name, description, of),
  type: 'string' as const,
});

export const horizontalPodAutoscalerKind: Kind<Autoscaler> = {
  resource: horizontalpodautoscalers,
  countsGeneration: false,
  defaults: defaultAutoscaler,
  prepareForCreate(autoscaler) {
    autoscaler.status = { desiredReplicas: 0 };
  },
  prepareForUpdate: keepStatus,
  validate: (autoscaler) => autoscalerErrors(autoscaler),
  status: { validateUpdate: (autoscaler) => autoscalerStatusErrors(autoscaler) },
  columns: [
    nameColumn,
    text(
      'Reference',
      'What is scaled.',
      ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
    ),
    text('Targets', 'What is measured, and what is wanted.', ({ spec, status }) =>
      metricsText(spec.metrics, status?.currentMetrics ?? []),
    ),
    text('MinPods', 'Fewest pods there may be.', ({ spec }) =>
      spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    ),
    count('MaxPods', 'Most pods there may be.', ({ spec }) => spec.maxReplicas),
    count('Replicas', 'Pods there are.', ({ status }) => status?.currentReplicas),
    ageColumn,
  ],
};

function defaultAutoscaler(autoscaler: Autoscaler): void {
  autoscaler.spec ??= {} as HorizontalPodAutoscalerSpec;
  const spec = autoscaler.spec;
  spec.scaleTargetRef ??= { kind: '', name: '' };
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    const target = { type: 'Utilization', averageUtilization: 80 };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  autoscaler.status ??= { desiredReplicas: 0 };
  defaultBehavior(spec);
}

/** Up: at once, by doubling or by four pods; down: after five minutes of less need. Only where a behavior is asked for. */
function defaultBehavior({ behavior }: HorizontalPodAutoscalerSpec): void {
  if (!behavior) return;
  const every = { periodSeconds: 15 };
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, ...every },
      { type: 'Percent', value: 100, ...every },
    ],
    ...behavior.scaleUp,
  };
  behavior.scaleDown = {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, ...every }],
    ...behavior.scaleDown,
  };
}
