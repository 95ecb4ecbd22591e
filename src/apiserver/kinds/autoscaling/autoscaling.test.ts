import { describe, expect, test } from 'vitest';
import type { HorizontalPodAutoscaler, MetricSpec } from '../../../api/autoscaling/v2.ts';
import { created, createErrors, row } from '../shared/testing.ts';
import { horizontalPodAutoscalerKind } from './horizontal-pod-autoscaler.ts';
import { fromV2, toV2 } from './v1-conversion.ts';

type Spec = HorizontalPodAutoscaler['spec'];
const autoscaler = (spec: Partial<Spec> = {}): HorizontalPodAutoscaler => ({
  metadata: { name: 'h', namespace: 'default' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3, ...spec },
});
const errors = (spec: Partial<Spec>) => createErrors(horizontalPodAutoscalerKind, autoscaler(spec));

describe('an autoscaler', () => {
  test('is filled in', () => {
    const { spec } = created(horizontalPodAutoscalerKind, autoscaler({ behavior: { scaleUp: {} } }));
    expect(spec.minReplicas).toBe(1);
    expect(spec.metrics).toEqual([
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
      },
    ]);
    expect(spec.behavior?.scaleUp).toMatchObject({ selectPolicy: 'Max', stabilizationWindowSeconds: 0 });
    expect(spec.behavior?.scaleDown?.policies).toEqual([{ type: 'Percent', value: 100, periodSeconds: 15 }]);
    expect(errors({})).toEqual([]);
  });

  test('has bounds in order, and something to scale', () => {
    expect(errors({ minReplicas: 0, maxReplicas: 0 })).toEqual([
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.maxReplicas: Invalid value: 0: must be greater than 0',
    ]);
    expect(errors({ minReplicas: 5 })).toEqual([
      'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
    ]);
    expect(errors({ scaleTargetRef: { kind: '', name: 'a/b' } })).toEqual([
      'spec.scaleTargetRef.kind: Required value',
      'spec.scaleTargetRef.name: Invalid value: "a/b": may not contain \'/\'',
    ]);
  });

  test.each<[MetricSpec, string[]]>([
    [
      { type: 'Weather' },
      [
        'spec.metrics[0].type: Unsupported value: "Weather": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      ],
    ],
    [
      { type: 'Pods' },
      ['spec.metrics[0].pods: Required value: must populate information for the given metric source'],
    ],
    [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } },
      [
        'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      ],
    ],
    [
      {
        type: 'External',
        external: { metric: { name: 'q' }, target: { type: 'Value', value: '1', averageValue: '0' } },
      },
      [
        'spec.metrics[0].external.target.averageValue: Invalid value: "0": must be positive',
        'spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
      ],
    ],
  ])('measures %j', (metric, expected) => {
    expect(errors({ metrics: [metric] })).toEqual(expected);
  });

  test('scales by rules that make sense', () => {
    const scaleDown = {
      stabilizationWindowSeconds: 4000,
      policies: [{ type: 'Pods', value: 0, periodSeconds: 2000 }],
    };
    expect(errors({ behavior: { scaleDown } })).toEqual([
      'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600',
      'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800',
    ]);
  });

  test('shows what it measures', () => {
    const object = created(horizontalPodAutoscalerKind, autoscaler());
    expect(row(horizontalPodAutoscalerKind, object)).toMatchObject({
      Reference: 'Deployment/d',
      Targets: 'cpu: <unknown>/80%',
      MinPods: '1',
      MaxPods: 3,
    });
  });

  test('comes back from its older form as it was', () => {
    const metrics: MetricSpec[] = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
      { type: 'Pods', pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '1' } } },
    ];
    const v2 = created(horizontalPodAutoscalerKind, autoscaler({ metrics, behavior: { scaleUp: {} } }));
    const v1 = fromV2(v2);
    expect(v1.spec.targetCPUUtilizationPercentage).toBe(50);
    const { metrics: back = [], behavior } = toV2(v1).spec;
    expect(behavior).toEqual(v2.spec.behavior);
    expect([...back].sort((a, b) => (a.type < b.type ? 1 : -1))).toEqual(metrics);
  });
});

test.each(['metrics', 'current-metrics', 'conditions', 'behavior'])(
  'what a client has written into the annotation for %s breaks nothing (CVE-2024-0793)',
  (name) => {
    for (const text of ['5', '{', 'null', '"x"', '[null]', '[5]']) {
      const annotations = { [`autoscaling.alpha.kubernetes.io/${name}`]: text };
      const scaleTargetRef = { kind: 'Deployment', name: 'web' };
      const status = { currentReplicas: 1, desiredReplicas: 1 };
      const v2 = toV2({
        metadata: { name: 'a', annotations },
        spec: { maxReplicas: 1, scaleTargetRef },
        status,
      });
      expect(v2.spec.metrics ?? []).toEqual([]);
      expect(v2.status).toEqual(status);
    }
  },
);
