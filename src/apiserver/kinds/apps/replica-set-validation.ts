import type { ReplicaSet } from '../../../api/apps/v1.ts';
import type { FieldError } from '../../../machinery/field-error.ts';
import { nonNegative } from '../shared/validate.ts';
import { statusCounts, workloadSelector, selectedTemplate } from './workload-validation.ts';

/** What holds for a replica set at any time. */
export function replicaSetErrors({ spec }: ReplicaSet): readonly FieldError[] {
  const { selector, template } = spec;
  return [
    ...nonNegative('spec.replicas', spec.replicas),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...workloadSelector('spec.selector', selector, 'deployment'),
    ...selectedTemplate('spec.template', template, selector),
  ];
}

/** What a report of the state of a replica set, or of a replication controller, may say. */
export function replicaStatusErrors({ status }: { status?: object }): readonly FieldError[] {
  const names = [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
  ];
  const limits = [
    ['fullyLabeledReplicas', 'replicas', 'status.replicas'],
    ['readyReplicas', 'replicas', 'status.replicas'],
    ['availableReplicas', 'replicas', 'status.replicas'],
    ['availableReplicas', 'readyReplicas'],
  ] as const;
  return statusCounts(status, { names, limits });
}
