import { namespaces } from '../../../api/generated/resources.ts';
import { type FieldError, forbiddenField, internalError } from '../../../machinery/field-error.ts';
import type { HookContext } from '../../registry/kind.ts';

const label = 'resource.kubernetes.io/admin-access';

/** Access for administrators is only for namespaces that are labelled for it. `field`: where it is asked for. */
export function adminAccessErrors(
  field: string,
  namespace: string,
  context: Pick<HookContext, 'get'>,
): readonly FieldError[] {
  const found = context.get(namespaces, { name: namespace });
  if (!found) {
    const why = `could not retrieve namespace to verify admin access: namespaces "${namespace}" not found`;
    return [internalError(field, why)];
  }
  if (found.metadata.labels?.[label] === 'true') return [];
  const why = `admin access to devices requires the \`${label}: true\` label on the containing namespace`;
  return [forbiddenField(field, why)];
}
