import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../../api/apiextensions/v1.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { goQuote } from '../../../machinery/go-text.ts';

const annotation = 'api-approved.kubernetes.io';

type State = 'invalid' | 'approved' | 'bypassed' | 'missing';

/** Whether a group belongs to the Kubernetes project, which has to approve of what is added to it. */
const isProtected = (group: string) => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

function stateOf({ metadata }: CustomResourceDefinition): { state: State; reason: string; value: string } {
  const value = metadata.annotations?.[annotation] ?? '';
  const must = `protected groups must have approval annotation ${goQuote(annotation)}`;
  const see = ', see https://github.com/kubernetes/enhancements/pull/1111';
  if (value === '') return { state: 'missing', reason: must + see, value };
  if (value.startsWith('unapproved'))
    return { state: 'bypassed', reason: `not approved: ${goQuote(value)}`, value };
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/]/.test(value) && URL.canParse(value)) {
    return { state: 'approved', reason: `approved in ${value}`, value };
  }
  return {
    state: 'invalid',
    reason: `${must} with either a URL or a reason starting with "unapproved"${see}`,
    value,
  };
}

/** What is wrong with a definition in a protected group; what was so before may stay. */
export function approvalErrors(
  definition: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): readonly FieldError[] {
  if (!isProtected(definition.spec.group ?? '')) return [];
  const { state, reason, value } = stateOf(definition);
  if (old && stateOf(old).state === state) return [];
  const field = `metadata.annotations[${annotation}]`;
  if (state === 'missing') return [required(field, reason)];
  return state === 'invalid' ? [invalid(field, value, reason)] : [];
}

const conditions: Record<State, { status: string; reason: string }> = {
  invalid: { status: 'False', reason: 'InvalidAnnotation' },
  missing: { status: 'False', reason: 'MissingAnnotation' },
  approved: { status: 'True', reason: 'ApprovedAnnotation' },
  bypassed: { status: 'False', reason: 'UnapprovedAnnotation' },
};

/** What a definition's status says of its approval; undefined where it needs none. */
export function approvalCondition(
  definition: CustomResourceDefinition,
): CustomResourceDefinitionCondition | undefined {
  if (!isProtected(definition.spec.group)) return undefined;
  const { state, reason } = stateOf(definition);
  return { type: 'KubernetesAPIApprovalPolicyConformant', ...conditions[state], message: reason };
}
