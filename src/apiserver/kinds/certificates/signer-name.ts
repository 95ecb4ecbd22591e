import { type FieldError, invalid, noErrors, required, tooLong } from '../../../machinery/field-error.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../../machinery/names.ts';

const maxDomainLength = 253;
/** Room for the domain, a namespace and a name, with what stands between. */
const maxLength = maxDomainLength + 1 + 63 + 1 + 253;

/** The name of a signer, `domain/path`. */
export function signerName(field: string, name: string): readonly FieldError[] {
  if (!name) return [required(field)];
  const [domain = '', path = '', ...more] = name.split('/');
  if (!name.includes('/') || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalid(field, name, why)];
  }
  const errors = domain.length > maxDomainLength ? [tooLong(field, maxDomainLength)] : [];
  errors.push(...firstBad(field, domain, dns1123LabelErrors));
  if (!domain.includes('.')) {
    errors.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'));
  }
  errors.push(...firstBad(field, path, dns1123SubdomainErrors));
  return name.length > maxLength ? [...errors, tooLong(field, maxLength)] : errors;
}

/** One part that is wrong says enough. */
function firstBad(
  field: string,
  text: string,
  rule: (part: string) => readonly string[],
): readonly FieldError[] {
  const bad = text.split('.').find((part) => rule(part).length > 0);
  if (bad === undefined) return noErrors;
  return rule(bad).map((why) => invalid(field, text, `validating label ${goQuote(bad)}: ${why}`));
}
