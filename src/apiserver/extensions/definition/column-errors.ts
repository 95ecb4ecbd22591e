import type { CustomResourceColumnDefinition } from '../../../api/apiextensions/v1.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { requireValue } from '../../kinds/shared/validate.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

/** What is wrong with a printer column. */
export function columnErrors(field: string, column: CustomResourceColumnDefinition): readonly FieldError[] {
  const { name, type, format, jsonPath } = column;
  const ofType = `must be one of ${columnTypes.join(',')}`;
  return [
    ...requireValue(`${field}.name`, name),
    ...requireValue(`${field}.type`, type, ofType),
    ...(type && !columnTypes.includes(type) ? [invalid(`${field}.type`, type, ofType)] : []),
    ...(format && !columnFormats.includes(format)
      ? [invalid(`${field}.format`, format, `must be one of ${columnFormats.join(',')}`)]
      : []),
    ...(jsonPath ? simplePathErrors(`${field}.JSONPath`, jsonPath) : [required(`${field}.JSONPath`)]),
  ];
}

/** What is wrong with a path that stands for one field. */
export function simplePathErrors(field: string, path: string): readonly FieldError[] {
  return path.startsWith('.') ? [] : [invalid(field, path, 'must be a simple json path starting with .')];
}
