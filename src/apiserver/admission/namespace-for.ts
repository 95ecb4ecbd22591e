import type { Namespace } from '../../api/core/v1.ts';
import { namespaces } from '../../api/generated/resources.ts';
import { notFound } from '../../machinery/status-error.ts';
import type { AdmissionAttributes } from './admission.ts';

/** The namespace that a write is in. Throws 404 where it is not there. */
export function namespaceFor({ context, namespace: name }: AdmissionAttributes): Namespace {
  const found = context.get(namespaces, { name });
  if (!found) throw notFound({ group: '', resource: 'namespaces', name });
  return found;
}
