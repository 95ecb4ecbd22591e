import { runtimeclasses } from '../../../api/generated/resources.ts';
import type { RuntimeClass } from '../../../api/node/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { roundResources } from '../pod-spec/resource-lists.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';

export const runtimeClassKind: Kind<RuntimeClass> = {
  resource: runtimeclasses,
  defaults(object) {
    roundResources(object.overhead?.podFixed);
  },
  columns: [
    nameColumn,
    text('Handler', 'What the runtime of the node calls the class.', (c) => c.handler),
    ageColumn,
  ],
};
