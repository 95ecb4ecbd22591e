import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../api/admissionregistration/v1.ts';
import {
  mutatingwebhookconfigurations,
  validatingwebhookconfigurations,
} from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn } from '../shared/columns.ts';
import { webhookErrors } from './webhook-validation.ts';

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

const count = integer<Configuration>(
  'Webhooks',
  'Number of webhooks in the configuration.',
  (c) => c.webhooks?.length,
);

export const mutatingWebhookConfigurationKind: Kind<MutatingWebhookConfiguration> = {
  resource: mutatingwebhookconfigurations,
  allowUnconditionalUpdate: false,
  countsGeneration: true,
  defaults(configuration) {
    for (const webhook of configuration.webhooks ?? []) {
      defaultWebhook(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  validate: ({ webhooks }) => webhookErrors(webhooks),
  columns: [nameColumn, count, ageColumn],
};

export const validatingWebhookConfigurationKind: Kind<ValidatingWebhookConfiguration> = {
  resource: validatingwebhookconfigurations,
  allowUnconditionalUpdate: false,
  countsGeneration: true,
  defaults(configuration) {
    for (const webhook of configuration.webhooks ?? []) defaultWebhook(webhook);
  },
  validate: ({ webhooks }) => webhookErrors(webhooks),
  columns: [nameColumn, count, ageColumn],
};

function defaultWebhook(webhook: MutatingWebhook | ValidatingWebhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  webhook.clientConfig ??= {};
  if (webhook.clientConfig.service) webhook.clientConfig.service.port ??= 443;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
}
