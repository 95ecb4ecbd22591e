import type { LimitRange, LimitRangeItem } from '../../../../api/core/v1.ts';
import { limitranges } from '../../../../api/generated/resources.ts';
import type { Kind } from '../../../registry/kind.ts';
import { roundResources } from '../../pod-spec/resource-lists.ts';
import { plainColumns } from '../../shared/columns.ts';
import { limitRangeErrors } from './limit-range-validation.ts';

export const limitRangeKind: Kind<LimitRange> = {
  resource: limitranges,
  allowCreateOnUpdate: true,
  defaults(range) {
    range.spec ??= { limits: [] };
    for (const item of range.spec.limits ?? []) defaultItem(item);
  },
  prepareForCreate(range, { platform }) {
    range.metadata.name ||= platform.random.uuid();
  },
  validate: (range) => limitRangeErrors(range),
  columns: plainColumns,
};

/** A container's limit defaults to the maximum, its request to the limit, or else to the minimum. */
function defaultItem(item: LimitRangeItem): void {
  for (const list of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio])
    roundResources(list);
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}
