import type { Namespace } from '../../../api/core/v1.ts';
import { namespaces } from '../../../api/generated/resources.ts';
import { allErrors, type FieldError, invalid, noErrors } from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { labelNameErrors } from '../../registry/object-meta.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { kubernetesFinalizer } from '../shared/finalizers.ts';
import { keepStatus } from '../shared/status.ts';
import { qualifiedName } from '../shared/validate.ts';

const keptBy = 'kubernetes';

export const namespaceKind: Kind<Namespace> = {
  resource: namespaces,
  verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
  validateName: labelNameErrors,
  countsGeneration: false,
  defaults(namespace) {
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
  validate: ({ spec }) => finalizers('spec.finalizers', spec.finalizers),
  status: { validateUpdate: phaseErrors },
  parts: {
    finalize: {
      verbs: ['update'],
      prepareForUpdate: keepStatus,
      validateUpdate: ({ spec }) =>
        (spec.finalizers ?? []).flatMap((name, i) => finalizers(`spec.finalizers[${i}]`, [name])),
    },
  },
  fieldLabels: { common: ['metadata.name'] },
  selectableFields: (namespace) => ({ 'status.phase': namespace.status?.phase ?? '' }),
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

function finalizers(field: string, names: readonly string[] = []): readonly FieldError[] {
  return names.flatMap((name) => allErrors(qualifiedName(field, name), kubernetesFinalizer(name, field)));
}

/** A namespace is going away from the moment that it is deleted, and not before. */
function phaseErrors({ metadata, status }: Namespace): readonly FieldError[] {
  const deleted = metadata.deletionTimestamp !== undefined;
  const phase = deleted ? 'Terminating' : 'Active';
  if (status?.phase === phase) return noErrors;
  const why = `may only be '${phase}' if \`deletionTimestamp\` is ${deleted ? 'not ' : ''}empty`;
  return [invalid('status.Phase', status?.phase ?? '', why)];
}
