import type { Connector } from '../../platform/connect.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import type { Kind } from '../registry/kind.ts';
import type { AdmissionPlugin } from './admission.ts';
import { expressionCheck } from './expressions/expression-check.ts';
import { mutatingPolicies } from './policies/mutating.ts';
import { validatingPolicies } from './policies/validating.ts';
import { type CredentialsFor, WebhookCaller } from './webhooks/caller.ts';
import { mutatingWebhooks } from './webhooks/mutating.ts';
import { validatingWebhooks } from './webhooks/validating.ts';
import type { AdmissionCounts } from './admission-counts.ts';

export interface DynamicAdmissionOptions {
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  reader: ObjectReader;
  authorizer: Authorizer;
  pods?: Connector | undefined;
  outside?: Connector | undefined;
  /** Who this server is to the webhooks of each plugin, by its name. */
  credentials?: Readonly<Record<string, CredentialsFor>> | undefined;
  /** Told of what webhooks and policies have to say. */
  counts: AdmissionCounts;
  /** What is served: as clients see it, and as it is stored. */
  served(): Iterable<{ view: Kind; kind: Kind }>;
}

/** The plugins whose rules are objects of the API: webhooks and policies. They come after all that change objects. */
export function dynamicAdmission(options: DynamicAdmissionOptions): AdmissionPlugin[] {
  const { platform, reader, authorizer, pods, outside, counts } = options;
  const { clock, random } = platform;
  const callerFor = (plugin: string) =>
    new WebhookCaller({ reader, random, clock, pods, outside, credentials: options.credentials?.[plugin] });
  const log = platform.log.named('admission');
  const common = {
    authorizer,
    clock,
    counts: counts.webhooks,
    conditionCounts: counts.conditions,
    random,
    log,
  };
  const contextFor = (plugin: string) => ({ ...common, caller: callerFor(plugin) });
  const policies = { authorizer, reader, served: options.served, clock, counts };
  return [
    expressionCheck,
    mutatingPolicies(policies),
    mutatingWebhooks(reader, contextFor('MutatingAdmissionWebhook')),
    validatingPolicies(policies),
    validatingWebhooks(reader, contextFor('ValidatingAdmissionWebhook')),
  ];
}
