import { endpointslices } from '../../api/generated/resources.ts';
import type { Cause } from '../../client/transport.ts';
import { ignoring } from '../../machinery/status-error.ts';
import type { ControllerContext, OwnWrites } from '../controller.ts';
import type { SliceMetrics } from './slice-metrics.ts';
import type { SlicePlan } from './slices.ts';

export interface SliceWriteOptions {
  key: string;
  writes: OwnWrites;
  cause: Cause;
  metrics: SliceMetrics;
}

/** Writes what a plan for EndpointSlices says; the key waits until it can be seen. */
export async function carryOutSlices(
  context: ControllerContext,
  plan: SlicePlan,
  { key, writes, cause, metrics }: SliceWriteOptions,
): Promise<void> {
  const informer = context.informers.of(endpointslices);
  const api = context.client.of(endpointslices);
  for (const slice of plan.create) {
    writes.wrote(key, informer, await api.create(slice, { cause }));
    metrics.changed('create');
  }
  for (const slice of plan.update) {
    writes.wrote(key, informer, await api.update(slice, { cause }));
    metrics.changed('update');
  }
  for (const slice of plan.remove) {
    const preconditions = { uid: slice.metadata.uid };
    await api.delete(slice.metadata, { cause, preconditions }).catch(ignoring('NotFound'));
    writes.deleted(key, informer, slice);
    metrics.changed('delete');
  }
}
