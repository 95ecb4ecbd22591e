import { priorityclasses } from '../../../api/generated/resources.ts';
import type { PriorityClass } from '../../../api/scheduling/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, flag, integer, nameColumn, text } from '../shared/columns.ts';

export const priorityClassKind: Kind<PriorityClass> = {
  resource: priorityclasses,
  countsGeneration: true,
  defaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority';
    object.value ??= 0;
  },
  columns: [
    nameColumn,
    integer('Value', 'The priority; higher goes first.', (c) => c.value),
    flag('Global-Default', 'Whether pods get it that ask for none.', (c) => c.globalDefault),
    ageColumn,
    text(
      'PreemptionPolicy',
      'Whether pods of the class may push others out.',
      (c) => c.preemptionPolicy ?? '',
    ),
  ],
};
