import {
  allErrors,
  type FieldError,
  invalids,
  noErrors,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { dns1123SubdomainErrors } from '../../../machinery/names.ts';

const maxDriverNameLength = 63;

/** The name of a CSI driver. */
export function csiDriverName(field: string, name: string | undefined): readonly FieldError[] {
  if (!name) return [required(field)];
  const errors = name.length > maxDriverNameLength ? [tooLong(field, maxDriverNameLength)] : noErrors;
  return allErrors(errors, invalids(field, name, dns1123SubdomainErrors(name.toLowerCase())));
}
