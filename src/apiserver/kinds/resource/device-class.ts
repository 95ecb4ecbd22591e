import { deviceclasses } from '../../../api/generated/resources.ts';
import type { DeviceClass, DeviceClassSpec } from '../../../api/resource/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { isExtendedResource } from '../pod-spec/validation/resource-names.ts';
import { ageColumn, nameColumn } from '../shared/columns.ts';
import { eachUpTo } from './collections.ts';
import { deviceConfigurationErrors } from './configuration-validation.ts';
import { maxConfigurations } from './device-claim-validation.ts';
import { findInTurns, selectorErrors } from './selector.ts';

export const deviceClassKind: Kind<DeviceClass> = {
  resource: deviceclasses,
  countsGeneration: true,
  validateInTurns: ({ object: { spec }, old, signal }) =>
    findInTurns(() => specErrors(spec, old?.spec), signal),
  columns: [nameColumn, ageColumn],
};

/** Selectors and configuration that are as they were keep what was right when they were written. */
function specErrors(spec: DeviceClassSpec, old?: DeviceClassSpec): readonly FieldError[] {
  const isAsBefore = (part: 'selectors' | 'config') => old !== undefined && deepEqual(spec[part], old[part]);
  const { extendedResourceName: name } = spec;
  return [
    ...selectorErrors('spec.selectors', spec.selectors, isAsBefore('selectors')),
    ...eachUpTo('spec.config', spec.config, {
      max: maxConfigurations,
      validate: (config, path) => deviceConfigurationErrors(config, path, isAsBefore('config')),
    }),
    ...(name === undefined || isExtendedResource(name)
      ? []
      : [invalid('spec.extendedResourceName', name, 'must be a valid extended resource name')]),
  ];
}
