import type { Pod } from '../../../../api/core/v1.ts';
import { poddisruptionbudgets } from '../../../../api/generated/resources.ts';
import type { DeleteOptions } from '../../../../api/meta/v1.ts';
import type { Eviction, PodDisruptionBudget } from '../../../../api/policy/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { compileLabelSelector, matchesLabels } from '../../../../machinery/label-selector.ts';
import { badRequest, hasReason, StatusError } from '../../../../machinery/status-error.ts';
import { timestamp } from '../../../../platform/clock.ts';
import type { HookContext, Subresource, SubresourceRequest } from '../../../registry/kind.ts';
import { spendDisruption, stillProcessed } from '../../policy/disruptions.ts';
import { success } from '../../shared/success.ts';
import { isReady } from './conditions.ts';

/** `POST .../eviction`: deletes a pod if the budget it falls under allows it. */
export const evictionSubresource: Subresource<Pod> = {
  verbs: ['create'],
  gvk: { group: 'policy', version: 'v1', kind: 'Eviction' },
  async handle(request) {
    const eviction = request.body as Eviction;
    if (eviction.metadata.name !== request.object.metadata.name) {
      throw badRequest('name in URL does not match name in Eviction object');
    }
    await evict(request, eviction.deleteOptions ?? {});
    return success(201);
  },
};

async function evict(request: SubresourceRequest<Pod>, options: DeleteOptions): Promise<void> {
  const { object: pod, context } = request;
  if (disruptsNothing(pod)) return request.delete(options);
  const [budget, another] = budgetsOf(pod, context);
  if (another) throw tooManyBudgets();
  if (!budget) return request.delete(options);
  if (!isReady(pod.status) && mayEvictUnready(budget)) return evictUnready(request, options, budget);
  await request.updateStatusOf(poddisruptionbudgets, budget.metadata, (object) =>
    spendDisruption(object, pod.metadata.name, timestamp(context.platform.clock)),
  );
  return request.delete(options);
}

/** Pods that have not begun, have ended or are going anyway. */
function disruptsNothing({ metadata, status }: Pod): boolean {
  const phase = status?.phase ?? '';
  return metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(phase);
}

function budgetsOf(pod: Stored<Pod>, context: HookContext): Stored<PodDisruptionBudget>[] {
  const budgets = [...context.list<PodDisruptionBudget>(poddisruptionbudgets, context.namespace)];
  return budgets.filter(({ spec }) => {
    try {
      return matchesLabels(compileLabelSelector(spec.selector), pod.metadata.labels);
    } catch {
      return false;
    }
  });
}

function tooManyBudgets(): StatusError {
  const why =
    'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  return new StatusError(500, '', why);
}

/** A pod that is not ready is no loss while enough others are, or if the budget does not mind. */
function mayEvictUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** Goes through only if the pod has not become ready meanwhile. */
async function evictUnready(
  request: SubresourceRequest<Pod>,
  options: DeleteOptions,
  budget: Stored<PodDisruptionBudget>,
): Promise<void> {
  const asked = options.preconditions?.resourceVersion;
  const { resourceVersion } = request.object.metadata;
  const preconditions = { resourceVersion, ...options.preconditions };
  try {
    await request.delete({ ...options, preconditions });
  } catch (error) {
    if (!hasReason(error, 'Conflict') || asked !== undefined) throw error;
    throw stillProcessed(budget.metadata.name);
  }
}
