import { deepEqual } from '../../../machinery/equal.ts';
import { type FieldError, forbiddenField, invalids, noErrors } from '../../../machinery/field-error.ts';
import { configMapKeyErrors } from '../../../machinery/names.ts';

/** No more than this fits into a secret or config map, keys aside. */
export const maxDataBytes = 1024 * 1024;

/** What keeps a key from being the name of a file. */
export function keyErrors(field: string, key: string): readonly FieldError[] {
  return invalids(`${field}[${key}]`, key, configMapKeyErrors(key));
}

/** How many bytes base64 stands for. */
export function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

/** What was made immutable stays so, and so does what it holds. */
export function frozenErrors<T extends { immutable?: boolean }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): readonly FieldError[] {
  if (!old.immutable) return noErrors;
  const why = 'field is immutable when `immutable` is set';
  const changed = fields.filter((name) => !deepEqual(object[name] ?? {}, old[name] ?? {}));
  return [...(object.immutable ? [] : ['immutable']), ...changed].map((name) => forbiddenField(name, why));
}
