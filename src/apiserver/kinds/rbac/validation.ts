import type {
  AggregationRule,
  ClusterRoleBinding,
  PolicyRule,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../../api/rbac/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../machinery/label-selector.ts';
import { dnsSubdomain, each, pathSegment, requireValue, supported } from '../shared/validate.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

type Binding = RoleBinding | ClusterRoleBinding;

/** The rules of a role: of resources or of paths, the latter for the cluster alone. */
export function ruleErrors(
  rules: readonly PolicyRule[] | null | undefined,
  isNamespaced: boolean,
): readonly FieldError[] {
  return each('rules', rules, (rule, field) => [
    ...(rule.verbs?.length ? [] : [required(`${field}.verbs`, 'verbs must contain at least one value')]),
    ...(rule.nonResourceURLs?.length ? pathRule(field, rule, isNamespaced) : resourceRule(field, rule)),
  ]);
}

function pathRule(field: string, rule: PolicyRule, isNamespaced: boolean): readonly FieldError[] {
  const { nonResourceURLs, apiGroups, resources, resourceNames } = rule;
  const path = `${field}.nonResourceURLs`;
  const errors: FieldError[] = [];
  if (isNamespaced) {
    errors.push(invalid(path, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
  }
  if (apiGroups?.length || resources?.length || resourceNames?.length) {
    const why = 'rules cannot apply to both regular resources and non-resource URLs';
    errors.push(invalid(path, nonResourceURLs, why));
  }
  return errors;
}

function resourceRule(field: string, { apiGroups, resources }: PolicyRule): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!apiGroups?.length) {
    errors.push(required(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (!resources?.length) {
    errors.push(required(`${field}.resources`, 'resource rules must supply at least one resource'));
  }
  return errors;
}

/** Where the rules of a role come from, if not from itself: from roles that some selector chooses. */
export function aggregationErrors(aggregation: AggregationRule | undefined): readonly FieldError[] {
  const field = 'aggregationRule.clusterRoleSelectors';
  if (!aggregation) return [];
  const why = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
  if (!aggregation.clusterRoleSelectors?.length) return [required(field, why)];
  return each(field, aggregation.clusterRoleSelectors, (selector, path) => {
    const errors = labelSelectorErrors(selector, path);
    return errors.length === 0 ? [] : [...errors, invalid(path, null, 'invalid label selector.')];
  });
}

/** What holds for a binding at any time. */
export function bindingErrors(binding: Binding, isNamespaced: boolean): readonly FieldError[] {
  const { roleRef, subjects } = binding;
  return [
    ...supported('roleRef.apiGroup', roleRef.apiGroup, [rbacGroup]),
    ...supported('roleRef.kind', roleRef.kind, isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']),
    ...pathSegment('roleRef.name', roleRef.name),
    ...each('subjects', subjects, (subject, field) => subjectErrors(field, subject, isNamespaced)),
  ];
}

/** A binding grants one role for good: whoever may bind others has to be asked again. */
export function roleChange(roleRef: RoleRef, old: RoleRef): readonly FieldError[] {
  return deepEqual(roleRef, old) ? [] : [invalid('roleRef', roleRef, 'cannot change roleRef')];
}

const kinds = ['ServiceAccount', 'User', 'Group'];

function subjectErrors(field: string, subject: Subject, isNamespaced: boolean): readonly FieldError[] {
  const { kind, name, namespace, apiGroup = '' } = subject;
  const errors = requireValue(`${field}.name`, name);
  if (!kinds.includes(kind)) return [...errors, notSupported(`${field}.kind`, kind, kinds)];
  if (kind !== 'ServiceAccount') {
    return [...errors, ...supported(`${field}.apiGroup`, apiGroup, [rbacGroup])];
  }
  return [
    ...errors,
    ...(name ? dnsSubdomain(`${field}.name`, name) : []),
    ...supported(`${field}.apiGroup`, apiGroup, ['']),
    ...(isNamespaced ? [] : requireValue(`${field}.namespace`, namespace)),
  ];
}
