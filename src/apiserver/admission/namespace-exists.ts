import { namespaces } from '../../api/generated/resources.ts';
import { notFound } from '../../machinery/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

const writes = new Set(['CREATE', 'UPDATE', 'DELETE']);

/** Nothing is written in a namespace that does not exist. */
export const namespaceExists: AdmissionPlugin = {
  name: 'NamespaceExists',
  validate(attributes) {
    const { operation, namespace, kind } = attributes;
    if (!writes.has(operation) || namespace === '' || kind.review) return;
    if (kind.resource.group === '' && kind.resource.plural === 'namespaces') return;
    if (exists(attributes)) return;
    // Another server may have made it a moment ago.
    return attributes.upToDate()?.then(() => mustExist(attributes)) ?? mustExist(attributes);
  },
};

const exists = ({ context, namespace }: AdmissionAttributes) =>
  context.get(namespaces, { name: namespace }) !== undefined;

function mustExist(attributes: AdmissionAttributes): void {
  if (!exists(attributes)) throw notFound({ group: '', resource: 'namespaces', name: attributes.namespace });
}
