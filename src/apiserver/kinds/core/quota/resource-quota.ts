import type { ResourceQuota } from '../../../../api/core/v1.ts';
import { resourcequotas } from '../../../../api/generated/resources.ts';
import { canonicalQuantity, compareQuantities, isQuantity } from '../../../../machinery/quantity.ts';
import type { Kind } from '../../../registry/kind.ts';
import { roundResources } from '../../pod-spec/resource-lists.ts';
import { ageColumn, nameColumn, text } from '../../shared/columns.ts';
import { keepStatus } from '../../shared/status.ts';
import { quotaErrors, quotaStatusErrors, quotaUpdateErrors } from './resource-quota-validation.ts';

export const resourceQuotaKind: Kind<ResourceQuota> = {
  resource: resourcequotas,
  countsGeneration: false,
  defaults(quota) {
    for (const list of [quota.spec.hard, quota.status?.hard, quota.status?.used]) roundResources(list);
  },
  prepareForCreate(quota) {
    quota.status = {};
  },
  prepareForUpdate: keepStatus,
  validate: (quota) => quotaErrors(quota),
  validateUpdate: quotaUpdateErrors,
  warnings: (quota, old) => (old ? [] : quotaWarnings(quota)),
  status: { validateUpdate: (quota) => quotaStatusErrors(quota) },
  returnsDeleted: true,
  columns: [
    nameColumn,
    text('Request', 'What is used of what may be requested, and of what may be counted.', (q) =>
      usage(q, false),
    ),
    text('Limit', 'What is used of the limits that may be set.', (q) => usage(q, true)),
    ageColumn,
  ],
};

const limited = ['cpu', 'memory', 'storage', 'ephemeral-storage'];

/** Advice on a new quota that lets more be requested than the limits may be. */
function quotaWarnings({ spec: { hard = {} } }: ResourceQuota): string[] {
  return limited.flatMap((name) => {
    const requests = requestsOf(name).find((candidate) => hard[candidate] !== undefined);
    const limits = `limits.${name}`;
    const [request, limit] = [hard[requests ?? ''], hard[limits]];
    if (request === undefined || limit === undefined) return [];
    if (!isQuantity(request) || !isQuantity(limit) || compareQuantities(request, limit) <= 0) return [];
    const [most, least] = [canonicalQuantity(request), canonicalQuantity(limit)];
    return [`ResourceQuota ${requests} (${most}) should be less than ${limits} (${least})`];
  });
}

/** What requests are called in a quota: of cpu and memory they may go by the bare name. */
const requestsOf = (name: string): string[] =>
  name === 'cpu' || name === 'memory' ? [`requests.${name}`, name] : [`requests.${name}`];

function usage({ status }: ResourceQuota, limits: boolean): string {
  const names = Object.keys(status?.hard ?? {}).sort();
  return names
    .filter((name) => name.startsWith('limits.') === limits)
    .map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name]}`)
    .join(', ');
}
