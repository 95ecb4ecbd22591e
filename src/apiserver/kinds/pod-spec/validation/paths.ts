import type { KeyToPath } from '../../../../api/core/v1.ts';
import { allErrors, type FieldError, invalid, noErrors } from '../../../../machinery/field-error.ts';
import { requireValue } from '../../shared/validate.ts';

/** A path without a step upwards. */
export function noBacksteps(field: string, path: string | undefined): readonly FieldError[] {
  const hasBackstep = path?.includes('..') && path.split('/').includes('..');
  return hasBackstep ? [invalid(field, path, "must not contain '..'")] : noErrors;
}

/** A path that stays below where it begins. */
export function descendingPath(field: string, path: string | undefined): readonly FieldError[] {
  const absolute = path?.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : noErrors;
  return allErrors(absolute, noBacksteps(field, path));
}

/** A path below, whose first step is not one of those that the kubelet keeps for itself. */
export function unreservedPath(field: string, path: string | undefined): readonly FieldError[] {
  const reserved = path?.startsWith('..') && !path.startsWith('../');
  return allErrors(
    descendingPath(field, path),
    reserved ? [invalid(field, path, "must not start with '..'")] : noErrors,
  );
}

/** Permissions of a file. */
export function fileMode(field: string, mode: number | undefined): readonly FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return noErrors;
  return [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** Which key becomes which file. */
export function keyToPath(field: string, { key, path, mode }: KeyToPath): readonly FieldError[] {
  return allErrors(
    requireValue(`${field}.key`, key),
    requireValue(`${field}.path`, path),
    unreservedPath(`${field}.path`, path),
    fileMode(`${field}.mode`, mode),
  );
}
