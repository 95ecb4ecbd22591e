import { runtimeclasses } from '../../../api/generated/resources.ts';
import type { RuntimeClass } from '../../../api/node/v1.ts';
import type { FieldError } from '../../../machinery/field-error.ts';
import { labelsErrors } from '../../../machinery/label-selector.ts';
import type { Kind } from '../../registry/kind.ts';
import { labelAdvice } from '../pod-spec/node-labels.ts';
import { roundResources } from '../pod-spec/resource-lists.ts';
import { resourceRequirements } from '../pod-spec/validation/resources.ts';
import { tolerations } from '../pod-spec/validation/scheduling.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { dnsLabel, immutable } from '../shared/validate.ts';

export const runtimeClassKind: Kind<RuntimeClass> = {
  resource: runtimeclasses,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  defaults(object) {
    roundResources(object.overhead?.podFixed);
  },
  validate: (object) => classErrors(object),
  validateUpdate: (object, old) => [
    ...classErrors(object),
    ...immutable('handler', object.handler, old.handler),
  ],
  warnings: ({ scheduling }) => selectorAdvice(scheduling?.nodeSelector),
  columns: [
    nameColumn,
    text('Handler', 'What the runtime of the node calls the class.', (c) => c.handler),
    ageColumn,
  ],
};

function selectorAdvice(labels: Record<string, string> = {}): string[] {
  return Object.keys(labels).flatMap((key) => {
    const why = labelAdvice(key);
    return why ? [`scheduling.nodeSelector: ${why}`] : [];
  });
}

function classErrors({ handler = '', overhead, scheduling }: RuntimeClass): readonly FieldError[] {
  const limits = overhead?.podFixed ?? {};
  return [
    ...dnsLabel('handler', handler),
    ...resourceRequirements('overhead', { limits }, { claimNames: new Set() }),
    ...labelsErrors(scheduling?.nodeSelector, 'scheduling.nodeSelector'),
    ...tolerations('scheduling.tolerations', scheduling?.tolerations),
  ];
}
