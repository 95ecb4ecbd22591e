import type { ResourceAttributes, SubjectAccessReviewSpec } from '../../../api/authorization/v1.ts';
import { subjectaccessreviews } from '../../../api/generated/resources.ts';
import type { Platform } from '../../../platform/platform.ts';
import { Remembered } from '../../../platform/remembered.ts';
import type { UserInfo } from '../../registry/kind.ts';
import { type Attributes, type Authorizer, type Deciding, type Decision, noOpinion } from '../authorizer.ts';
import { ReviewClient, type ReviewServer } from '../review-client.ts';
import type { RuleSource, UserRules } from '../rule-source.ts';
import type { AuthorizationCounts, RoundTripResult } from './authorization-counts.ts';
import type { WebhookConfiguration } from './webhook-configuration.ts';

export interface WebhookMeans {
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  counts: AuthorizationCounts;
}

export interface WebhookOptions {
  name: string;
  webhook: WebhookConfiguration;
  server: ReviewServer;
}

/** Upstream's figures: answers that are remembered, and how long a question may be whose answer is. */
const rememberedAnswers = 8192;
const mostRememberedLength = 10_000;

interface Status {
  allowed?: boolean;
  denied?: boolean;
  reason?: string;
}

/** Asks another server, by a SubjectAccessReview. */
export class WebhookAuthorizer implements Authorizer, RuleSource {
  readonly #options: WebhookOptions;
  readonly #means: WebhookMeans;
  readonly #client: ReviewClient;
  readonly #known: Remembered<Decision>;

  constructor(options: WebhookOptions, means: WebhookMeans) {
    const { server, webhook } = options;
    this.#options = options;
    this.#means = means;
    this.#known = new Remembered(means.platform.clock, rememberedAnswers / 2);
    const { type } = subjectaccessreviews;
    this.#client = new ReviewClient(server, { ...means.platform, timeoutMs: webhook.timeoutMs, type });
  }

  authorize(user: UserInfo, attributes: Attributes): Deciding {
    const spec = specOf(user, attributes);
    const holds = this.#conditionsHold(spec);
    if (holds instanceof Error) return this.#undecided(holds.message);
    if (!holds) return noOpinion;
    const key = JSON.stringify(spec);
    return this.#known.known(key) ?? this.#ask(spec, lengthOf(spec) < mostRememberedLength ? key : undefined);
  }

  /** Nobody can list what another server would allow. */
  rulesFor(): UserRules {
    const errors = ['webhook authorizer does not support user rule resolution'];
    return { rules: [], errors, incomplete: true };
  }

  #conditionsHold(spec: SubjectAccessReviewSpec): boolean | Error {
    const { name, webhook } = this.#options;
    if (!webhook.conditions) return true;
    const { clock } = this.#means.platform;
    const startMs = clock.monotonic();
    const holds = webhook.conditions.hold(spec);
    this.#means.counts.noteConditions(name, holds, clock.monotonic() - startMs);
    return holds;
  }

  /** `key`: under which the answer is remembered. */
  async #ask(spec: SubjectAccessReviewSpec, key: string | undefined): Promise<Decision> {
    const { name, webhook } = this.#options;
    const { counts, platform } = this.#means;
    let last: RoundTripResult = 'success';
    try {
      const answer = await this.#client.ask(this.#reviewOf(spec), {
        onAnswer: (result, durationMs) => {
          last = result;
          counts.noteRoundTrip(name, result, durationMs);
        },
      });
      const status = (answer as { status?: Status }).status ?? {};
      const decision = decisionOf(status);
      const ttlMs = status.allowed ? webhook.authorizedTtlMs : webhook.unauthorizedTtlMs;
      if (key !== undefined) this.#known.note(key, decision, ttlMs);
      return decision;
    } catch (error) {
      const { message } = error as Error;
      platform.log.error('an authorization webhook could not be asked', { webhook: name, error: message });
      if (webhook.failurePolicy !== 'Deny') counts.noteOpen(name, last);
      return this.#undecided(message);
    }
  }

  #undecided(error: string): Decision {
    const verdict = this.#options.webhook.failurePolicy === 'Deny' ? 'deny' : 'none';
    return { verdict, reason: '', error };
  }

  #reviewOf(spec: SubjectAccessReviewSpec) {
    const version = this.#options.webhook.subjectAccessReviewVersion;
    const { groups, ...others } = spec;
    // The old version calls the list of groups as if it were one.
    const sent = version === 'v1beta1' ? { ...others, ...(groups && { group: groups }) } : spec;
    const apiVersion = `authorization.k8s.io/${version}`;
    return { kind: 'SubjectAccessReview', apiVersion, metadata: {}, spec: sent, status: { allowed: false } };
  }
}

function decisionOf({ allowed, denied, reason = '' }: Status): Decision {
  if (!denied) return { verdict: allowed ? 'allow' : 'none', reason };
  const error = 'webhook subject access review returned both allow and deny response';
  return { verdict: 'deny', reason, ...(allowed && { error }) };
}

/** What is empty is left out. */
function specOf({ name, uid, groups, extra }: UserInfo, attributes: Attributes): SubjectAccessReviewSpec {
  const { isResource, path, verb } = attributes;
  const asked = isResource
    ? { resourceAttributes: resourceOf(attributes) }
    : { nonResourceAttributes: { ...(path && { path }), ...(verb && { verb }) } };
  return {
    ...asked,
    ...(name && { user: name }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(extra && Object.keys(extra).length > 0 && { extra: extra as SubjectAccessReviewSpec['extra'] }),
    ...(uid && { uid }),
  };
}

const texts = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'] as const;

function resourceOf(attributes: Attributes): ResourceAttributes {
  const resource: ResourceAttributes = {};
  for (const field of texts) if (attributes[field]) resource[field] = attributes[field];
  const { fields, labels } = attributes.selectors?.() ?? {};
  if (fields?.requirements.length) resource.fieldSelector = { requirements: [...fields.requirements] };
  if (labels?.requirements.length) resource.labelSelector = { requirements: [...labels.requirements] };
  return resource;
}

/** How much of a question whoever asks may have chosen; in a review, everybody chooses selectors as long as a request may be. */
function lengthOf({ resourceAttributes: resource, nonResourceAttributes: path }: SubjectAccessReviewSpec) {
  const { fieldSelector, labelSelector, ...asked } = { ...resource, ...path };
  const chosen = Object.values(asked).reduce((sum, text) => sum + text.length, 0);
  const selectors = [fieldSelector, labelSelector].filter((one) => one !== undefined);
  return selectors.reduce((sum, one) => sum + JSON.stringify(one).length, chosen);
}
