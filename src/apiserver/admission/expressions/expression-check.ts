import type {
  MutatingAdmissionPolicy,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
} from '../../../api/admissionregistration/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { inTurns, resting } from '../../../machinery/cel/rest.ts';
import { invalidObject } from '../../../machinery/field-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { isExempt } from '../matching.ts';

/** Configurations of admission whose expressions cannot be used are not stored; the engine is loaded for them alone. */
export const expressionCheck: AdmissionPlugin = {
  name: 'AdmissionExpressionCheck',
  validate(attributes) {
    const { object, subresource } = attributes;
    if (!object || subresource !== '' || !isExempt(attributes)) return undefined;
    return hasExpressions(object) && isNew(attributes) ? checkExpressions(attributes) : undefined;
  },
};

async function checkExpressions({ object, kind, name, signal }: AdmissionAttributes): Promise<void> {
  const { expressionErrors } = await import('./expression-errors.ts');
  const errors = await inTurns(resting(expressionErrors(object as Configuration)), signal);
  if (errors.length > 0) throw invalidObject(kind.resource, name, errors);
}

export type Configuration =
  | MutatingWebhookConfiguration
  | ValidatingAdmissionPolicy
  | MutatingAdmissionPolicy;

function hasExpressions(object: KubernetesObject): boolean {
  const { webhooks, spec } = object as MutatingWebhookConfiguration & ValidatingAdmissionPolicy;
  return webhooks?.some((webhook) => webhook.matchConditions?.length) ?? spec?.matchConstraints !== undefined;
}

/** What was stored once stays, even if a later version would not take it. */
function isNew({ object, old }: AdmissionAttributes): boolean {
  const rules = (o: unknown) => [(o as { spec?: unknown }).spec, (o as { webhooks?: unknown }).webhooks];
  return old === undefined || !deepEqual(rules(object), rules(old));
}
