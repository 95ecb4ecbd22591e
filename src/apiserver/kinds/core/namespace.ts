import type { Namespace } from '../../../api/core/v1.ts';
import { namespaces } from '../../../api/generated/resources.ts';
import { dns1123LabelErrors } from '../../../machinery/names.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';

const keptBy = 'kubernetes';

export const namespaceKind: Kind<Namespace> = {
  resource: namespaces,
  verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
  validateName: dns1123LabelErrors,
  countsGeneration: false,
  defaults(namespace) {
    namespace.spec ??= {};
    namespace.status ??= {};
    namespace.status.phase ||= 'Active';
    labelWithName(namespace);
  },
  prepareForCreate(namespace) {
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec.finalizers ?? [];
    namespace.spec.finalizers = finalizers.includes(keptBy) ? finalizers : [...finalizers, keptBy];
    labelWithName(namespace);
  },
  prepareForUpdate(namespace, old) {
    namespace.spec = { ...namespace.spec, finalizers: old.spec.finalizers };
    keepStatus(namespace, old);
  },
  status: {
    prepareForUpdate(namespace, old) {
      namespace.spec = old.spec;
    },
  },
  selectableFields: (namespace) => ({
    'status.phase': namespace.status?.phase ?? '',
    name: namespace.metadata.name ?? '',
  }),
  markDeleted(namespace) {
    namespace.status = { ...namespace.status, phase: 'Terminating' };
  },
  heldBack: (namespace) => (namespace.spec.finalizers ?? []).length > 0,
  columns: [
    nameColumn,
    text('Status', 'Whether the namespace is in use or going away.', (n) => n.status?.phase ?? ''),
    ageColumn,
  ],
};

function labelWithName(namespace: Namespace): void {
  const name = namespace.metadata.name;
  if (name) namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': name };
}
