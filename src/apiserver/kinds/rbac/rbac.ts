import * as resources from '../../../api/generated/resources.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '../../../api/rbac/v1.ts';
import { pathSegmentNameErrors } from '../../../machinery/names.ts';
import type { Column, Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, plainColumns, text, wide } from '../shared/columns.ts';
import { aggregationErrors, bindingErrors, rbacGroup, roleChange, ruleErrors } from './validation.ts';

type Binding = RoleBinding | ClusterRoleBinding;

export const roleKind: Kind<Role> = {
  resource: resources.roles,
  validateName: pathSegmentNameErrors,
  allowCreateOnUpdate: true,
  validate: ({ rules }) => ruleErrors(rules, true),
  columns: plainColumns,
};

export const clusterRoleKind: Kind<ClusterRole> = {
  resource: resources.clusterroles,
  validateName: pathSegmentNameErrors,
  allowCreateOnUpdate: true,
  validate: ({ rules, aggregationRule }) => [
    ...ruleErrors(rules, false),
    ...aggregationErrors(aggregationRule),
  ],
  columns: plainColumns,
};

export const roleBindingKind: Kind<RoleBinding> = {
  resource: resources.rolebindings,
  validateName: pathSegmentNameErrors,
  allowCreateOnUpdate: true,
  defaults: defaultBinding,
  validate: (binding) => bindingErrors(binding, true),
  validateUpdate: (binding, old) => [
    ...bindingErrors(binding, true),
    ...roleChange(binding.roleRef, old.roleRef),
  ],
  columns: bindingColumns(),
};

export const clusterRoleBindingKind: Kind<ClusterRoleBinding> = {
  resource: resources.clusterrolebindings,
  validateName: pathSegmentNameErrors,
  allowCreateOnUpdate: true,
  defaults: defaultBinding,
  validate: (binding) => bindingErrors(binding, false),
  validateUpdate: (binding, old) => [
    ...bindingErrors(binding, false),
    ...roleChange(binding.roleRef, old.roleRef),
  ],
  columns: bindingColumns(),
};

function defaultBinding(binding: Binding): void {
  binding.roleRef ??= { kind: '', name: '' };
  binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? []) subject.apiGroup ||= groupOf(subject);
}

/** Users and groups are names of the authorization group; service accounts are objects of the core group. */
function groupOf({ kind }: Subject): string | undefined {
  return kind === 'User' || kind === 'Group' ? rbacGroup : undefined;
}

function bindingColumns(): Column<Binding>[] {
  const subjects = (kind: string, name: (s: Subject) => string) => (b: Binding) =>
    (b.subjects ?? [])
      .filter((s) => s.kind === kind)
      .map(name)
      .join(', ');
  return [
    nameColumn,
    text('Role', 'The role that is granted.', (b) => `${b.roleRef.kind}/${b.roleRef.name}`),
    ageColumn,
    wide(
      text(
        'Users',
        'Users it is granted to.',
        subjects('User', (s) => s.name),
      ),
    ),
    wide(
      text(
        'Groups',
        'Groups it is granted to.',
        subjects('Group', (s) => s.name),
      ),
    ),
    wide(
      text(
        'ServiceAccounts',
        'Service accounts it is granted to.',
        subjects('ServiceAccount', (s) => (s.namespace ? `${s.namespace}/${s.name}` : s.name)),
      ),
    ),
  ];
}
