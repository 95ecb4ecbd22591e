import type { ConfigMap } from '../../../api/core/v1.ts';
import { configmaps } from '../../../api/generated/resources.ts';
import { errorsOf, type FieldError, invalid, tooLong } from '../../../machinery/field-error.ts';
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

function configMapErrors({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const why = 'duplicate of key present in binaryData';
  const errors = [
    ...errorsOf(Object.entries(data), ([key, value]) => [
      ...keyErrors('data', { [key]: value }),
      ...(Object.hasOwn(binaryData, key) ? [invalid(`data[${key}]`, key, why)] : []),
    ]),
    ...keyErrors('binaryData', binaryData),
  ];
  const lengths = [...Object.values(data).map(byteLength), ...Object.values(binaryData).map(decodedLength)];
  const total = lengths.reduce((sum, length) => sum + length, 0);
  // The object as a whole has no path: upstream prints that so.
  return total > maxDataBytes ? [...errors, tooLong('[]', maxDataBytes)] : errors;
}
