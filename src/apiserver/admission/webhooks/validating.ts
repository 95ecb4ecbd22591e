import { validatingwebhookconfigurations } from '../../../api/generated/resources.ts';
import type { ObjectReader } from '../../auth/object-reader.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import type { Form } from '../forms.ts';
import { isExempt } from '../matching.ts';
import { CallFailure } from './errors.ts';
import { ask, counted, currentHooks, fails, type Hook, type HookContext, wantedForm } from './hooks.ts';

/** Asks validating webhooks, all at the same time; the first one's refusal is the answer. */
export function validatingWebhooks(reader: ObjectReader, context: HookContext): AdmissionPlugin {
  const hooks = currentHooks(reader, validatingwebhookconfigurations);
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(attributes) {
      const { current } = hooks;
      return current.length === 0 || isExempt(attributes) ? undefined : askAll(current, attributes, context);
    },
  };
}

async function askAll(hooks: readonly Hook[], attributes: AdmissionAttributes, context: HookContext) {
  const relevant: { hook: Hook; form: Form }[] = [];
  for (const hook of hooks) {
    const form = await wantedForm(hook, attributes, { type: 'validating', context });
    if (form) relevant.push({ hook, form });
  }
  const asked = relevant.map((one, index) => askOne({ ...one, index }, attributes, context));
  for (const outcome of await Promise.allSettled(asked)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function askOne(
  { hook, form, index }: { hook: Hook; form: Form; index: number },
  attributes: AdmissionAttributes,
  context: HookContext,
): Promise<void> {
  try {
    const work = () => ask(hook, { attributes, form, mutating: false }, context);
    await counted(hook, { type: 'validating', attributes }, { context, work });
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (fails(hook)) throw error.answer();
    context.log.warn('a webhook that may fail has failed', { error: error.message });
    const key = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`;
    attributes.annotate(key, hook.webhook.name);
  }
}
