import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { conflict, type Subject } from '../../machinery/status-error.ts';

/** Throws Conflict where an object is not the one that a deletion is meant for. */
export function checkPreconditions(
  subject: Subject,
  { metadata: { uid, resourceVersion } }: KubernetesObject,
  { preconditions }: DeleteOptions,
): void {
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, why);
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(subject, why);
  }
}
