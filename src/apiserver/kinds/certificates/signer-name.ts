import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { invalids } from '../shared/validate.ts';

/** Room for the domain, a namespace and a name, with what stands between. */
const maxPathLength = 63 + 1 + 253;

/** The name of a signer, `domain/path`. */
export function signerName(field: string, name: string): FieldError[] {
  if (!name) return [required(field)];
  const slash = name.indexOf('/');
  const [domain, path] = [name.slice(0, slash), name.slice(slash + 1)];
  if (slash < 0 || path.includes('/')) {
    return [
      invalid(field, name, 'must be a fully qualified domain and path of the form "example.com/signer-name"'),
    ];
  }
  const errors = invalids(field, domain, dns1123SubdomainErrors(domain));
  if (errors.length === 0 && domain.split('.').length < 2) {
    errors.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'));
  }
  const steps = path.split('.');
  errors.push(...steps.flatMap((step) => invalids(field, path, dns1123SubdomainErrors(step))));
  if (path.length > maxPathLength)
    errors.push(invalid(field, path, `must be no more than ${maxPathLength} characters`));
  return errors;
}
