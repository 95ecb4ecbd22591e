import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../api/admissionregistration/v1.ts';
import type { AdmissionResponse } from '../../../api/admission/v1.ts';
import type { Resource, Stored } from '../../../api/resource.ts';
import { forbidden, internalError } from '../../../machinery/status-error.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { ObjectReader } from '../../auth/object-reader.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { CurrentList } from '../current-list.ts';
import type { ConditionCounts } from '../expressions/condition-counts.ts';
import { Conditions } from '../expressions/conditions.ts';
import type { Form } from '../forms.ts';
import { compileWanted, findWanted, type Wanted } from '../matching.ts';
import { makeReview, readReview } from '../review.ts';
import type { Clock } from '../../../platform/clock.ts';
import { AnsweredError } from './answer.ts';
import type { WebhookCaller } from './caller.ts';
import { CallFailure, denied } from './errors.ts';
import type { AskedOf, WebhookCounts } from './webhook-counts.ts';

type Webhook = MutatingWebhook | ValidatingWebhook;

/** A webhook that is ready to be asked. */
export interface Hook {
  /** Unique among all configurations. */
  id: string;
  configuration: string;
  webhook: Webhook;
  wanted: Wanted;
  conditions: Conditions;
}

/** What asking takes. */
export interface HookContext {
  caller: WebhookCaller;
  authorizer: Authorizer;
  clock: Pick<Clock, 'monotonic'>;
  counts: WebhookCounts;
  conditionCounts: ConditionCounts;
  random: Random;
  log: Log;
}

/** The webhooks of all configurations, in the order in which they are asked. */
export const currentHooks = <T extends Configuration>(reader: ObjectReader, configurations: Resource<T>) =>
  new CurrentList(reader, configurations, {
    make: hooksOf,
    join: (hooks: readonly Hook[][]) => hooks.flat(),
  });

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

function hooksOf({ metadata, webhooks = [] }: Stored<Configuration>): Hook[] {
  return (webhooks as Webhook[]).map((webhook, i) => ({
    id: `${metadata.name}/${webhook.name}/${i}`,
    configuration: metadata.name,
    webhook,
    wanted: compileWanted(webhook),
    conditions: new Conditions(webhook.matchConditions),
  }));
}

export const fails = ({ webhook }: Hook) => webhook.failurePolicy !== 'Ignore';

/** The form in which a webhook wants to see a request; undefined where it does not want to. Throws a StatusError. */
export async function wantedForm(
  hook: Hook,
  attributes: AdmissionAttributes,
  { type, context }: { type: AskedOf['type']; context: HookContext },
): Promise<Form | undefined> {
  const { authorizer, log, conditionCounts: counts } = context;
  const form = findWanted(attributes, hook.wanted);
  if (!form) return undefined;
  await form.ready?.([attributes.object, attributes.old]).catch((error: Error) => {
    throw internalError(error.message);
  });
  const source = { attributes, form, authorizer };
  const owner = { kind: 'webhook', name: hook.webhook.name, type } as const;
  const holds = await hook.conditions.hold(source, { counts, owner });
  if (!(holds instanceof Error)) return holds ? form : undefined;
  if (!fails(hook)) {
    log.warn('conditions of a webhook failed', { webhook: hook.webhook.name, error: holds.message });
    return undefined;
  }
  const { group, plural } = attributes.resource;
  throw forbidden({ group, resource: plural, name: attributes.name }, holds.message);
}

/** Asks a webhook. Rejects with a CallFailure where it cannot be asked, with its StatusError where it refuses. */
export async function ask(
  { webhook }: Hook,
  { attributes, form, mutating }: { attributes: AdmissionAttributes; form: Form; mutating: boolean },
  { caller, random }: HookContext,
): Promise<AdmissionResponse> {
  const { name, clientConfig, timeoutSeconds = 10, admissionReviewVersions: accepted } = webhook;
  const failed = (what: string, error: unknown) =>
    new CallFailure(
      name,
      `${what}: ${(error as Error).message}`,
      error instanceof AnsweredError ? error.code : undefined,
    );
  const review = makeReview(attributes, form, { accepted, uid: random.uuid() });
  const answer = await caller
    .call({
      client: clientConfig,
      body: review.body,
      timeoutSeconds,
      leftMs: attributes.leftMs,
      signal: attributes.signal,
    })
    .catch((error: unknown) => {
      throw failed('failed to call webhook', error);
    });
  let response: AdmissionResponse;
  try {
    response = readReview(answer, review, mutating);
  } catch (error) {
    throw failed('received invalid webhook response', error);
  }
  const { auditAnnotations = {}, warnings = [] } = response;
  for (const [key, value] of Object.entries(auditAnnotations)) attributes.annotate(`${name}/${key}`, value);
  for (const warning of warnings) attributes.context.warn(warning);
  if (!response.allowed) throw denied(name, response.status);
  return response;
}

/** Does what asks a webhook, and counts what comes of it. */
export async function counted<T>(
  hook: Hook,
  { type, attributes }: { type: AskedOf['type']; attributes: AdmissionAttributes },
  { context, work }: { context: HookContext; work(): Promise<T> },
): Promise<T> {
  const { clock, counts } = context;
  const asked = { name: hook.webhook.name, type, operation: attributes.operation };
  const startMs = clock.monotonic();
  try {
    const result = await work();
    counts.note(asked, { durationMs: clock.monotonic() - startMs });
    return result;
  } catch (error) {
    const isOpen = error instanceof CallFailure && !fails(hook);
    counts.note(asked, { durationMs: clock.monotonic() - startMs, error, isOpen });
    throw error;
  }
}
