import type { ConfigMap } from '../../../api/core/v1.ts';
import { configmaps } from '../../../api/generated/resources.ts';
import {
  allErrors,
  errorsOfEach,
  type FieldError,
  invalid,
  noErrors,
  tooLong,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn } from '../shared/columns.ts';
import { decodedLength, frozenErrors, keyErrors, maxDataBytes } from './keyed-data.ts';

const size = (map: Record<string, string> | undefined) => Object.keys(map ?? {}).length;

export const configMapKind: Kind<ConfigMap> = {
  resource: configmaps,
  validate: (map) => configMapErrors(map),
  validateUpdate: (map, old) => [...frozenErrors(map, old, ['data', 'binaryData']), ...configMapErrors(map)],
  columns: [
    nameColumn,
    {
      ...integer<ConfigMap>('Data', 'Number of keys.', (c) => size(c.data) + size(c.binaryData)),
      type: 'string',
    },
    ageColumn,
  ],
};

function configMapErrors({ data = {}, binaryData = {} }: ConfigMap): readonly FieldError[] {
  const why = 'duplicate of key present in binaryData';
  const errors = allErrors(
    errorsOfEach(data, (key) =>
      allErrors(
        keyErrors('data', key),
        Object.hasOwn(binaryData, key) ? [invalid(`data[${key}]`, key, why)] : noErrors,
      ),
    ),
    errorsOfEach(binaryData, (key) => keyErrors('binaryData', key)),
  );
  let total = 0;
  for (const key in data) total += byteLength(data[key] as string);
  for (const key in binaryData) total += decodedLength(binaryData[key] as string);
  // The object as a whole has no path: upstream prints that so.
  return total > maxDataBytes ? [...errors, tooLong('[]', maxDataBytes)] : errors;
}
