import type { OpaqueDeviceConfiguration } from '../../../api/resource/v1.ts';
import { type FieldError, invalid, required, tooLong } from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { driverName } from './names.ts';

/** What a driver's own data may measure, in bytes. */
const maxDataBytes = 10 * 1024;

/** Configuration for a driver. `stored`: it is as it was, so that a size that was once allowed still is. */
export function deviceConfigurationErrors(
  { opaque }: { opaque?: OpaqueDeviceConfiguration },
  field: string,
  stored: boolean,
): readonly FieldError[] {
  if (!opaque) return [required(`${field}.opaque`)];
  const { driver, parameters } = opaque;
  return [
    ...driverName(`${field}.opaque.driver`, driver),
    ...rawObjectErrors(`${field}.opaque.parameters`, parameters, stored),
  ];
}

/** Data that only its owner understands: any JSON object that is not too large. */
export function rawObjectErrors(field: string, data: unknown, stored: boolean): readonly FieldError[] {
  if (data === undefined || data === null) return [required(field)];
  if (!stored && byteLength(JSON.stringify(data)) > maxDataBytes) return [tooLong(field, maxDataBytes)];
  if (typeof data === 'object' && !Array.isArray(data)) return [];
  return [invalid(field, '<value omitted>', 'must be a valid JSON object')];
}
