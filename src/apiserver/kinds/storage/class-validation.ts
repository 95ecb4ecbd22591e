import type { TopologySelectorTerm } from '../../../api/core/v1.ts';
import type { StorageClass, VolumeAttributesClass } from '../../../api/storage/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { each, immutable, qualifiedName, repeats, requireSupported, supported } from '../shared/validate.ts';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;

/** What holds for a new storage class. */
export function storageClassErrors(object: StorageClass): readonly FieldError[] {
  const { provisioner, reclaimPolicy, volumeBindingMode, allowedTopologies } = object;
  const modes = ['Immediate', 'WaitForFirstConsumer'];
  return [
    ...provisionerErrors('provisioner', provisioner),
    ...parameterErrors(object.parameters),
    ...(reclaimPolicy ? supported('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']) : []),
    ...requireSupported('volumeBindingMode', volumeBindingMode, modes),
    ...topologiesErrors('allowedTopologies', allowedTopologies),
  ];
}

/** Who makes volumes, or changes them: a name with or without a domain in front, such as `example.com/disk`. */
function provisionerErrors(field: string, name: string): readonly FieldError[] {
  if (!name) return [required(field)];
  const small = name.toLowerCase();
  return invalids(field, small, qualifiedNameErrors(small));
}

/** What volumes were made from stays as it was. */
export function storageClassUpdateErrors(object: StorageClass, old: StorageClass): readonly FieldError[] {
  return [
    ...storageClassErrors(object),
    ...noUpdates(object, old, ['parameters', 'provisioner', 'reclaimPolicy']),
    ...immutable('volumeBindingMode', object.volumeBindingMode, old.volumeBindingMode),
  ];
}

/** What holds for a new class of attributes. */
export function attributesClassErrors({
  driverName,
  parameters,
}: VolumeAttributesClass): readonly FieldError[] {
  const none = Object.keys(parameters ?? {}).length === 0;
  return [
    ...provisionerErrors('driverName', driverName),
    ...(none ? [required('parameters', 'must contain at least one key/value pair')] : []),
    ...parameterErrors(parameters),
  ];
}

export function attributesClassUpdateErrors(
  object: VolumeAttributesClass,
  old: VolumeAttributesClass,
): readonly FieldError[] {
  return [...attributesClassErrors(object), ...noUpdates(object, old, ['driverName', 'parameters'])];
}

function noUpdates<T extends object>(
  object: T,
  old: T,
  names: readonly (keyof T & string)[],
): readonly FieldError[] {
  const changed = names.filter((name) => !deepEqual(object[name] ?? {}, old[name] ?? {}));
  return changed.map((name) => forbiddenField(name, `updates to ${name} are forbidden.`));
}

function parameterErrors(parameters: Record<string, string> = {}): readonly FieldError[] {
  const field = 'parameters';
  const entries = Object.entries(parameters);
  if (entries.length > maxParameters) return [tooLong(field, maxParameters)];
  const nameless = entries.filter(([key]) => key === '');
  const total = entries.reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  const errors = nameless.map(([key]) => invalid(field, key, 'field can not be empty.'));
  return total > maxParameterBytes ? [...errors, tooLong(field, maxParameterBytes)] : errors;
}

/** No two say the same, in whatever order, and none says nothing. */
function topologiesErrors(field: string, terms: readonly TopologySelectorTerm[] = []): readonly FieldError[] {
  const repeated = repeats();
  repeated(meaningOf({}));
  return each(field, terms, (term, path) => [
    ...topologyErrors(path, term),
    ...(repeated(meaningOf(term)) ? [duplicate(`${path}.matchLabelExpressions`, '')] : []),
  ]);
}

/** A text that is the same for terms that mean the same. */
function meaningOf({ matchLabelExpressions = [] }: Partial<TopologySelectorTerm>): string {
  const byKey = new Map(
    matchLabelExpressions.map(({ key, values = [] }) => [key, [...new Set(values)].sort()]),
  );
  return JSON.stringify([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function topologyErrors(
  field: string,
  { matchLabelExpressions }: TopologySelectorTerm,
): readonly FieldError[] {
  const repeated = repeats();
  return each(`${field}.matchLabelExpressions`, matchLabelExpressions, ({ key, values = [] }, path) => {
    const again = repeats();
    return [
      ...(values.length === 0 ? [required(`${path}.values`)] : []),
      ...each(`${path}.values`, values, (value, p) => (again(value) ? [duplicate(p, value)] : [])),
      ...qualifiedName(`${path}.key`, key),
      ...(repeated(key) ? [duplicate(`${path}.key`, key)] : []),
    ];
  });
}
