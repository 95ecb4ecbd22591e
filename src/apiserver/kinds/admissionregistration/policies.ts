import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1.ts';
import * as resources from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn, selectorText, text } from '../shared/columns.ts';
import { conditionErrors } from '../shared/conditions.ts';
import { keepMeta } from '../shared/meta.ts';
import { keepStatus } from '../shared/status.ts';
import {
  actionErrors,
  mutatingPolicyErrors,
  policyBindingErrors,
  typeCheckingErrors,
  validatingPolicyErrors,
} from './policy-validation.ts';

export const validatingAdmissionPolicyKind: Kind<ValidatingAdmissionPolicy> = {
  resource: resources.validatingadmissionpolicies,
  allowUnconditionalUpdate: false,
  defaults(policy) {
    policy.spec ??= {};
    policy.spec.failurePolicy ??= 'Fail';
    defaultMatch(policy.spec.matchConstraints);
    policy.status ??= {};
  },
  prepareForCreate(policy) {
    policy.status = {};
  },
  prepareForUpdate: keepStatus,
  validate: (policy) => validatingPolicyErrors(policy),
  status: {
    resets: ['spec', 'metadata'],
    prepareForUpdate: ({ metadata }, old) => keepMeta(metadata, old.metadata),
    validateUpdate: (policy) => [
      ...typeCheckingErrors(policy),
      ...conditionErrors('status.conditions', policy.status?.conditions),
    ],
  },
  columns: [
    nameColumn,
    integer('Validations', 'Number of conditions.', (p) => p.spec.validations?.length),
    text('ParamKind', 'Kind of the objects that parameters come from.', (p) => paramKind(p.spec.paramKind)),
    ageColumn,
  ],
};

export const validatingAdmissionPolicyBindingKind: Kind<ValidatingAdmissionPolicyBinding> = {
  resource: resources.validatingadmissionpolicybindings,
  allowUnconditionalUpdate: false,
  countsGeneration: true,
  defaults(binding) {
    binding.spec ??= { policyName: '', validationActions: [] };
    defaultMatch(binding.spec.matchResources);
  },
  validate: (binding) => [
    ...policyBindingErrors(binding),
    ...actionErrors('spec.validationActions', binding.spec.validationActions),
  ],
  columns: [
    nameColumn,
    text('PolicyName', 'The policy that is bound.', (b) => b.spec.policyName ?? ''),
    text('ParamRef', 'Where parameters come from.', (b) => paramRef(b.spec.paramRef)),
    ageColumn,
  ],
};

export const mutatingAdmissionPolicyKind: Kind<MutatingAdmissionPolicy> = {
  resource: resources.mutatingadmissionpolicies,
  allowUnconditionalUpdate: false,
  countsGeneration: true,
  defaults(policy) {
    policy.spec ??= {};
    policy.spec.failurePolicy ??= 'Fail';
    policy.spec.reinvocationPolicy ||= 'Never';
    defaultMatch(policy.spec.matchConstraints);
  },
  validate: (policy) => mutatingPolicyErrors(policy),
  columns: [
    nameColumn,
    integer('Mutations', 'Number of changes.', (p) => p.spec.mutations?.length),
    text('ParamKind', 'Kind of the objects that parameters come from.', (p) => paramKind(p.spec.paramKind)),
    ageColumn,
  ],
};

export const mutatingAdmissionPolicyBindingKind: Kind<MutatingAdmissionPolicyBinding> = {
  resource: resources.mutatingadmissionpolicybindings,
  allowUnconditionalUpdate: false,
  countsGeneration: true,
  defaults(binding) {
    binding.spec ??= {};
    defaultMatch(binding.spec.matchResources);
  },
  validate: (binding) => policyBindingErrors(binding),
  columns: [
    nameColumn,
    text('PolicyName', 'The policy that is bound.', (b) => b.spec.policyName ?? ''),
    text('ParamRef', 'Where parameters come from.', (b) => paramRef(b.spec.paramRef)),
    ageColumn,
  ],
};

function defaultMatch(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  const rules: NamedRuleWithOperations[] = [
    ...(match.resourceRules ?? []),
    ...(match.excludeResourceRules ?? []),
  ];
  for (const rule of rules) rule.scope ??= '*';
}

function paramKind(kind: ParamKind | undefined): string {
  return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>';
}

function paramRef(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector ? selectorText(ref.selector) : '<unset>';
}
