import { priorityclasses } from '../../../api/generated/resources.ts';
import type { PriorityClass } from '../../../api/scheduling/v1.ts';
import { type FieldError, forbiddenField } from '../../../machinery/field-error.ts';
import { forbidden } from '../../../machinery/status-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, flag, integer, nameColumn, text } from '../shared/columns.ts';
import { immutable, requireSupported } from '../shared/validate.ts';

export const priorityClassKind: Kind<PriorityClass> = {
  resource: priorityclasses,
  countsGeneration: true,
  defaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate: (object) => classErrors(object),
  validateUpdate: (object, old) => [
    ...(object.value === old.value ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', object.preemptionPolicy, old.preemptionPolicy),
  ],
  checkDelete({ metadata: { name } }) {
    if (!(name in systemClasses)) return;
    const subject = { group: priorityclasses.group, resource: priorityclasses.plural, name };
    throw forbidden(subject, 'this is a system priority class and cannot be deleted');
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

const systemPrefix = 'system-';
const systemClasses: Record<string, number> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};
const maxUserPriority = 1_000_000_000;

function classErrors(object: PriorityClass): readonly FieldError[] {
  const { name = '' } = object.metadata;
  const { value = 0 } = object;
  const policy = requireSupported('preemptionPolicy', object.preemptionPolicy, [
    'PreemptLowerPriority',
    'Never',
  ]);
  if (name.startsWith(systemPrefix)) return [...systemErrors(object), ...policy];
  if (value <= maxUserPriority) return policy;
  const why = `maximum allowed value of a user defined priority is ${maxUserPriority}`;
  return [forbiddenField('value', why), ...policy];
}

/** Names of the system are for the classes it has, as it has them. */
function systemErrors({
  metadata: { name = '' },
  value,
  globalDefault,
}: PriorityClass): readonly FieldError[] {
  const expected = systemClasses[name];
  let error = '';
  if (expected === undefined) error = `${name} is not a known system priority class`;
  else if (value !== expected) error = `value of ${name} PriorityClass must be ${expected}`;
  else if (globalDefault) error = `globalDefault of ${name} PriorityClass must be false`;
  const why = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${error}`;
  return error ? [forbiddenField('metadata.name', why)] : [];
}
