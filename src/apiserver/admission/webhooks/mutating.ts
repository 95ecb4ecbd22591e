import type { AdmissionResponse } from '../../../api/admission/v1.ts';
import type { MutatingWebhook } from '../../../api/admissionregistration/v1.ts';
import { mutatingwebhookconfigurations } from '../../../api/generated/resources.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { clone } from '../../../machinery/clone.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { parseJson, printJson } from '../../../machinery/exact-json.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { applyJsonPatch } from '../../../machinery/json-patch.ts';
import { internalError } from '../../../machinery/status-error.ts';
import type { ObjectReader } from '../../auth/object-reader.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import type { Form } from '../forms.ts';
import { isExempt } from '../matching.ts';
import { replaceContents } from '../replace-contents.ts';
import { SecondRound } from '../second-round.ts';
import { whileAwaited } from '../while-awaited.ts';
import { CallFailure } from './errors.ts';
import { ask, counted, currentHooks, fails, type Hook, type HookContext, wantedForm } from './hooks.ts';

/** Asks mutating webhooks, one after the other, each about what those before it have made of the object. */
export function mutatingWebhooks(reader: ObjectReader, context: HookContext): AdmissionPlugin {
  const hooks = currentHooks(reader, mutatingwebhookconfigurations);
  const plugin: AdmissionPlugin = {
    name: 'MutatingAdmissionWebhook',
    admit(attributes) {
      const { current } = hooks;
      if (current.length === 0 || isExempt(attributes)) return undefined;
      const notes = attributes.rounds.notesOf(plugin, () => new SecondRound());
      return askAll(current, { attributes, notes, context });
    },
  };
  return plugin;
}

interface Asking {
  attributes: AdmissionAttributes;
  notes: SecondRound;
  context: HookContext;
}

async function askAll(hooks: readonly Hook[], { attributes, notes, context }: Asking): Promise<void> {
  notes.begin(attributes);
  for (const [index, hook] of hooks.entries()) {
    const form = await wantedForm(hook, attributes, { type: 'admit', context });
    if (!form || notes.skips(attributes.rounds, hook.id)) continue;
    const changed = await askOne({ hook, form, index }, attributes, context);
    if (changed) notes.changed(attributes.rounds);
    if ((hook.webhook as MutatingWebhook).reinvocationPolicy === 'IfNeeded') notes.mayRunAgain(hook.id);
  }
  notes.end(attributes);
}

interface Asked {
  hook: Hook;
  form: Form;
  /** Among all webhooks. */
  index: number;
}

/** Whether the webhook has changed the object. */
async function askOne(asked: Asked, attributes: AdmissionAttributes, context: HookContext): Promise<boolean> {
  const { hook, form, index } = asked;
  const place = `round_${attributes.rounds.second ? 1 : 0}_index_${index}`;
  let changed = false;
  const work = async () => {
    const response = await ask(hook, { attributes, form, mutating: true }, context);
    const operations = readPatch(hook.webhook.name, response);
    changed = await patch(asked, operations, attributes);
    if (operations.length > 0) notePatch(operations);
    return changed;
  };
  const notePatch = (operations: unknown[]) =>
    attributes.annotateDetail(`patch.webhook.admission.k8s.io/${place}`, () => {
      const by = { configuration: hook.configuration, webhook: hook.webhook.name };
      return printJson({ ...by, patch: operations, patchType: 'JSONPatch' });
    });
  const note = () => {
    const said = { configuration: hook.configuration, webhook: hook.webhook.name, mutated: changed };
    attributes.annotate(`mutation.webhook.admission.k8s.io/${place}`, JSON.stringify(said));
  };
  try {
    return await counted(hook, { type: 'admit', attributes }, { context, work }).finally(note);
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (fails(hook)) throw error.answer();
    context.log.warn('a webhook that may fail has failed', { error: error.message });
    attributes.annotate(`failed-open.mutation.webhook.admission.k8s.io/${place}`, hook.webhook.name);
    whileAwaited(attributes);
    return false;
  }
}

async function patch(
  { hook, form }: Asked,
  operations: unknown[],
  attributes: AdmissionAttributes,
): Promise<boolean> {
  const { name } = hook.webhook;
  if (operations.length === 0) return false;
  const { object } = attributes;
  if (!object) {
    const what = 'attempted to modify the object, which is not supported for this operation';
    throw internalError(`admission webhook ${goQuote(name)} ${what}`);
  }
  const shown = form.show(object);
  const patched = await applied(shown, operations);
  if (deepEqual(patched, shown)) return false;
  replaceContents(object, await orInternal(() => form.take(patched, object)));
  return true;
}

/** What a webhook makes of an object is its own fault, not the client's. */
async function orInternal<T>(make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw internalError((error as Error).message);
  }
}

function readPatch(webhook: string, { patch: encoded, patchType }: AdmissionResponse): unknown[] {
  if (!encoded) return [];
  if (patchType !== 'JSONPatch')
    throw new CallFailure(webhook, `unsupported patch type ${goQuote(patchType ?? '')}`);
  try {
    const operations: unknown = parseJson(Buffer.from(encoded, 'base64').toString());
    if (Array.isArray(operations)) return operations;
    throw new Error('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  } catch (error) {
    throw new CallFailure(
      webhook,
      `received undecodable patch in webhook response: ${(error as Error).message}`,
    );
  }
}

function applied(object: KubernetesObject, operations: unknown[]): Promise<KubernetesObject> {
  return orInternal(() => applyJsonPatch(clone(object), operations) as KubernetesObject);
}
