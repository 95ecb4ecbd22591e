import { namespaces } from '../../api/generated/resources.ts';
import { notFound, type StatusError } from '../../machinery/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);

/** Nothing is created in a namespace that does not exist or is going away; three namespaces stay for ever. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit(attributes) {
    const { operation, name, namespace, kind, context } = attributes;
    if (operation === 'DELETE' && isAbout(attributes, 'namespaces') && immortal.has(name)) {
      throw refuse(attributes, 'this namespace may not be deleted');
    }
    if (operation !== 'CREATE' || namespace === '' || kind.review) return;
    if (context.get(namespaces, { name: namespace })) return check(attributes);
    // Another server may have made it a moment ago.
    return attributes.upToDate()?.then(() => check(attributes)) ?? check(attributes);
  },
  confirm(attributes) {
    if (attributes.namespace !== '') check(attributes);
  },
};

function check(attributes: AdmissionAttributes): void {
  const { namespace, context } = attributes;
  const found = context.get(namespaces, { name: namespace });
  if (!found) throw notFound({ group: '', resource: 'namespaces', name: namespace });
  if (found.status?.phase === 'Terminating') throw terminating(attributes);
}

function terminating(attributes: AdmissionAttributes): StatusError {
  const { namespace } = attributes;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const error = refuse(attributes, why);
  const message = `namespace ${namespace} is being terminated`;
  const causes = [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }];
  error.status.details = { ...error.status.details, causes };
  return error;
}
