import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '../../../api/admissionregistration/v1.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  required,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { labelSelectorErrors } from '../../../machinery/label-selector.ts';
import {
  dns1035LabelErrors,
  dns1123SubdomainErrors,
  pathSegmentNameErrors,
} from '../../../machinery/names.ts';
import {
  dnsSubdomain,
  each,
  optionalSupported,
  qualifiedName,
  repeats,
  requireSupported,
  requireValue,
  supported,
} from '../shared/validate.ts';
import { matchConditionErrors, namedRuleErrors } from './rule-validation.ts';

const maxAuditAnnotations = 20;
const maxValueExpressionBytes = 5 * 1024;
/** Words of the expression language. */
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** What holds for a policy at any time, its expressions aside. */
export function validatingPolicyErrors({ metadata, spec }: ValidatingAdmissionPolicy): readonly FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec;
  const errors = [...commonErrors(spec)];
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    return [...errors, required('spec.validations', why), required('spec.auditAnnotations', why)];
  }
  errors.push(...each('spec.validations', validations, (v, field) => validationErrors(field, v)));
  if (auditAnnotations.length > maxAuditAnnotations) {
    const why = `must not have more than ${maxAuditAnnotations} auditAnnotations`;
    errors.push(invalid('spec.auditAnnotations', auditAnnotations, why));
  }
  const repeated = repeats();
  const annotations = each('spec.auditAnnotations', auditAnnotations, ({ key, valueExpression }, field) => [
    ...annotationKey(`${field}.key`, key, metadata.name),
    ...annotationValue(`${field}.valueExpression`, valueExpression?.trim() ?? ''),
    ...(repeated(key) ? [duplicate(`${field}.key`, key)] : []),
  ]);
  return [...errors, ...annotations];
}

/** Annotations stand under the name of their policy. */
function annotationKey(field: string, key: string, policy = ''): readonly FieldError[] {
  if (policy) return qualifiedName(field, `${policy}/${key}`);
  return [invalid(field, key, 'requires metadata.name be non-empty')];
}

function annotationValue(field: string, expression: string): readonly FieldError[] {
  if (!expression) return [required(field, 'valueExpression is not specified')];
  if (byteLength(expression) <= maxValueExpressionBytes) return [];
  return [required(field, `must not exceed ${maxValueExpressionBytes} bytes in length`)];
}

/** What a report on the expressions of a policy may say. */
export function typeCheckingErrors({ status }: ValidatingAdmissionPolicy): readonly FieldError[] {
  const field = 'status.typeChecking.expressionWarnings';
  return each(field, status?.typeChecking?.expressionWarnings, ({ warning, fieldRef }, path) => [
    ...requireValue(`${path}.warning`, warning),
    ...requireValue(`${path}.fieldRef`, fieldRef.trim()),
  ]);
}

/** What holds for a policy that changes objects at any time, its expressions aside. */
export function mutatingPolicyErrors({ spec }: MutatingAdmissionPolicy): readonly FieldError[] {
  const errors = [
    ...commonErrors(spec),
    ...requireSupported('spec.reinvocationPolicy', spec.reinvocationPolicy, ['IfNeeded', 'Never']),
  ];
  if (!spec.mutations?.length) {
    return [...errors, required('spec.mutations', 'mutations must contain at least one item')];
  }
  return [...errors, ...each('spec.mutations', spec.mutations, (m, field) => mutationErrors(field, m))];
}

interface CommonSpec {
  failurePolicy?: string;
  paramKind?: ParamKind;
  matchConstraints?: MatchResources;
  matchConditions?: ValidatingAdmissionPolicy['spec']['matchConditions'];
  variables?: Variable[];
}

function commonErrors(spec: CommonSpec): readonly FieldError[] {
  const { matchConstraints: match, paramKind, failurePolicy } = spec;
  const rules = 'spec.matchConstraints.resourceRules';
  return [
    ...requireSupported('spec.failurePolicy', failurePolicy, ['Fail', 'Ignore']),
    ...(paramKind ? paramKindErrors('spec.paramKind', paramKind) : []),
    ...(match ? matchErrors('spec.matchConstraints', match) : [required('spec.matchConstraints')]),
    ...(match && !match.resourceRules?.length ? [required(rules)] : []),
    ...matchConditionErrors('spec.matchConditions', spec.matchConditions),
    ...each('spec.variables', spec.variables, ({ name, expression }, field) => [
      ...variableName(`${field}.name`, name),
      ...requireValue(`${field}.expression`, expression?.trim(), 'expression is not specified'),
    ]),
  ];
}

function variableName(field: string, name: string): readonly FieldError[] {
  if (!name?.trim()) return [required(field, 'name is not specified')];
  if (/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reserved.has(name)) return [];
  return [invalid(field, name, 'name is not a valid CEL identifier')];
}

function paramKindErrors(field: string, { apiVersion = '', kind = '' }: ParamKind): readonly FieldError[] {
  const path = `${field}.apiVersion`;
  const errors = apiVersion ? groupVersion(path, apiVersion) : [required(path)];
  if (!kind) return [...errors, required(`${field}.kind`)];
  const wrong = dns1035LabelErrors(kind.toLowerCase()).join(',');
  const why = `may have mixed case, but should otherwise match: ${wrong}`;
  return wrong ? [...errors, invalid(`${field}.kind`, kind, why)] : errors;
}

function groupVersion(field: string, text: string): readonly FieldError[] {
  const parts = text.split('/');
  if (parts.length > 2) return [invalid(field, text, `unexpected GroupVersion string: ${text}`)];
  const [group, version] = parts.length === 2 ? parts : ['', text];
  const wrongGroup = group ? dns1123SubdomainErrors(group).join(',') : '';
  const wrongVersion = version ? dns1035LabelErrors(version).join(',') : '';
  return [
    ...(wrongGroup ? [invalid(field, group, wrongGroup)] : []),
    ...(version ? [] : [invalid(field, text, 'version must be specified')]),
    ...(wrongVersion ? [invalid(field, version, wrongVersion)] : []),
  ];
}

function matchErrors(field: string, match: MatchResources): readonly FieldError[] {
  return [
    ...requireSupported(`${field}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']),
    ...labelSelectorErrors(match.namespaceSelector, `${field}.namespaceSelector`),
    ...labelSelectorErrors(match.objectSelector, `${field}.objectSelector`),
    ...each(`${field}.resourceRules`, match.resourceRules, (rule, p) => namedRuleErrors(p, rule)),
    ...each(`${field}.excludeResourceRules`, match.excludeResourceRules, (rule, p) =>
      namedRuleErrors(p, rule),
    ),
  ];
}

function validationErrors(field: string, validation: Validation): readonly FieldError[] {
  const { expression, message = '', messageExpression = '', reason } = validation;
  const errors = [...requireValue(`${field}.expression`, expression?.trim(), 'expression is not specified')];
  if (messageExpression && !messageExpression.trim()) {
    errors.push(invalid(`${field}.messageExpression`, messageExpression, 'must be non-empty if specified'));
  }
  if (message && !message.trim()) {
    errors.push(invalid(`${field}.message`, message, 'message must be non-empty if specified'));
  } else if (/[\n\r]/.test(message.trim())) {
    errors.push(invalid(`${field}.message`, message, 'message must not contain line breaks'));
  }
  const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
  return [...errors, ...optionalSupported(`${field}.reason`, reason, reasons)];
}

function mutationErrors(field: string, mutation: Mutation): readonly FieldError[] {
  const { patchType, applyConfiguration, jsonPatch } = mutation;
  const names = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;
  const errors = requireSupported(`${field}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch']);
  const own = names[patchType as keyof typeof names];
  if (!own) return errors;
  const given = patchType === 'JSONPatch' ? jsonPatch : applyConfiguration;
  if (!given) {
    const why = `must be specified when patchType is ${patchType}`;
    return [...errors, required(`${field}.${own}`, why)];
  }
  return [...errors, ...requireValue(`${field}.${own}.expression`, given.expression?.trim())];
}

/** What holds for a binding at any time. */
export function policyBindingErrors(
  binding: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding,
): readonly FieldError[] {
  const { policyName, paramRef, matchResources } = binding.spec;
  return [
    ...(policyName ? dnsSubdomain('spec.policyName', policyName) : [required('spec.policyName')]),
    ...(paramRef ? paramRefErrors('spec.paramRef', paramRef) : []),
    ...(matchResources ? matchErrors('spec.matchResources', matchResources) : []),
  ];
}

function paramRefErrors(field: string, ref: ParamRef): readonly FieldError[] {
  const { name, selector, parameterNotFoundAction: action } = ref;
  const both = 'name and selector are mutually exclusive';
  const errors = [...(name ? invalids(`${field}.name`, name, pathSegmentNameErrors(name)) : [])];
  if (name && selector) errors.push(forbiddenField(`${field}.name`, both));
  errors.push(...labelSelectorErrors(selector, `${field}.selector`));
  if (name && selector) errors.push(forbiddenField(`${field}.selector`, both));
  if (!name && !selector) errors.push(required(field, 'one of name or selector must be specified'));
  return [...errors, ...requireSupported(`${field}.parameterNotFoundAction`, action, ['Deny', 'Allow'])];
}

/** What happens where a policy says no. */
export function actionErrors(field: string, actions: readonly string[] = []): readonly FieldError[] {
  const repeated = repeats();
  const errors = [
    ...each(field, actions, (action, path) => [
      ...supported(path, action, ['Audit', 'Deny', 'Warn']),
      ...(repeated(action) ? [duplicate(path, action)] : []),
    ]),
  ];
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push(invalid(field, actions, why));
  }
  return actions.length > 0 ? errors : [required(field, 'at least one validation action is required')];
}
