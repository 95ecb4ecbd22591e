import { type FieldError, required, tooLong } from '../../../machinery/field-error.ts';
import { dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { invalids } from '../shared/validate.ts';

const maxDriverNameLength = 63;

/** The name of a CSI driver. */
export function csiDriverName(field: string, name: string | undefined): FieldError[] {
  if (!name) return [required(field)];
  const errors = name.length > maxDriverNameLength ? [tooLong(field, maxDriverNameLength)] : [];
  return [...errors, ...invalids(field, name, dns1123SubdomainErrors(name.toLowerCase()))];
}
