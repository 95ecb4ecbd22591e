import type { Pod } from '../../../../api/core/v1.ts';
import { poddisruptionbudgets } from '../../../../api/generated/resources.ts';
import type { DeleteOptions } from '../../../../api/meta/v1.ts';
import type { Eviction, PodDisruptionBudget } from '../../../../api/policy/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { compiledOnce, matchesLabels } from '../../../../machinery/label-selector.ts';
import { badRequest, hasReason, StatusError } from '../../../../machinery/status-error.ts';
import { timestamp } from '../../../../platform/clock.ts';
import { checkPreconditions } from '../../../registry/preconditions.ts';
import type { HookContext, Subresource, SubresourceRequest } from '../../../registry/kind.ts';
import { spendDisruption, stillProcessed } from '../../policy/disruptions.ts';
import { success } from '../../shared/success.ts';
import { isReady, setPodCondition } from './conditions.ts';

type EvictionRequest = SubresourceRequest<Pod>;

/** `POST .../eviction`: deletes a pod if the budget it falls under allows it. */
export const evictionSubresource: Subresource<Pod> = {
  verbs: ['create'],
  // Clients that are older than v1 send v1beta1 still (`AcceptsGroupVersion` of upstream's EvictionREST).
  gvk: { group: 'policy', version: 'v1', kind: 'Eviction', older: ['v1beta1'] },
  asksDryRun: (body, query) => asksDryRun(body as Eviction, query.getAll('dryRun')),
  async handle(request) {
    const eviction = request.body as Eviction;
    if (eviction.metadata.name !== request.object.metadata.name) {
      throw badRequest('name in URL does not match name in Eviction object');
    }
    await evict(request, eviction.deleteOptions ?? {});
    return success(201);
  },
};

function asksDryRun({ deleteOptions }: Eviction, asked: string[]): boolean {
  const told = deleteOptions?.dryRun ?? [];
  if (told.length > 0 && asked.length > 0 && told.join() !== asked.join()) {
    const both = `[${asked.join(' ')}] and [${told.join(' ')}]`;
    throw new StatusError(500, '', `Non-matching dry-run options in request and content: ${both}`);
  }
  return told.length > 0;
}

/** Tries against a pod that changes all the time. */
const maxAttempts = 20;

async function evict(request: EvictionRequest, options: DeleteOptions): Promise<void> {
  const { context } = request;
  const pod = await unlessHarmless(request, options);
  if (!pod) return;
  const [budget, another] = budgetsOf(pod, context);
  if (another) throw tooManyBudgets();
  if (!budget) return deleteDisrupted(request, options);
  if (!isReady(pod.status) && mayEvictUnready(budget)) return evictUnready(request, { pod, options, budget });
  await request.updateStatusOf(poddisruptionbudgets, budget.metadata, (object) =>
    spendDisruption(object, pod.metadata.name, timestamp(context.platform.clock)),
  );
  return deleteDisrupted(request, options);
}

/** Deletes a pod whose going disrupts nothing; gives the pod where it is not such a one. */
async function unlessHarmless(
  request: EvictionRequest,
  options: DeleteOptions,
): Promise<Stored<Pod> | undefined> {
  let pod = request.object;
  for (let attempt = 1; disruptsNothing(pod); attempt++) {
    const isPinned = pod.status?.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined;
    try {
      await deleteDisrupted(request, isPinned ? pinnedTo(pod, options) : options);
      return undefined;
    } catch (error) {
      const mayRetry = hasReason(error, 'Conflict') && options.preconditions?.resourceVersion === undefined;
      if (!mayRetry || attempt === maxAttempts) throw error;
    }
    pod = await request.newest();
  }
  return pod;
}

/** Pods that have not begun, have ended or are going anyway. */
function disruptsNothing({ metadata, status }: Pod): boolean {
  const phase = status?.phase ?? '';
  return metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(phase);
}

/** The deletion of this very version of a pod, unless the client names another. */
const pinnedTo = ({ metadata: { resourceVersion } }: Stored<Pod>, options: DeleteOptions): DeleteOptions => ({
  ...options,
  preconditions: { resourceVersion, ...options.preconditions },
});

/** Deletes a pod, and notes on it before why it goes. */
async function deleteDisrupted(request: EvictionRequest, options: DeleteOptions): Promise<void> {
  const { context } = request;
  if (context.dryRun) return request.delete(options);
  const now = timestamp(context.platform.clock);
  const noted = await request.update((pod) => noteEviction(pod, { options, now }));
  const { resourceVersion } = noted.metadata;
  const isPinned = options.preconditions?.resourceVersion !== undefined;
  return request.delete(
    isPinned ? { ...options, preconditions: { ...options.preconditions, resourceVersion } } : options,
  );
}

function noteEviction(pod: Pod, { options, now }: { options: DeleteOptions; now: string }): void {
  checkPreconditions({ group: '', resource: 'Pod', name: pod.metadata.name }, pod, options);
  pod.status ??= {};
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    observedGeneration: pod.metadata.generation,
  };
  setPodCondition(pod.status, condition, now);
}

function budgetsOf(pod: Stored<Pod>, context: HookContext): Stored<PodDisruptionBudget>[] {
  const budgets = [...context.list<PodDisruptionBudget>(poddisruptionbudgets, context.namespace)];
  return budgets.filter(({ spec }) => {
    try {
      return matchesLabels(compiledOnce(spec.selector), pod.metadata.labels);
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
  request: EvictionRequest,
  { pod, options, budget }: { pod: Stored<Pod>; options: DeleteOptions; budget: Stored<PodDisruptionBudget> },
): Promise<void> {
  try {
    await deleteDisrupted(request, pinnedTo(pod, options));
  } catch (error) {
    const isAsked = options.preconditions?.resourceVersion !== undefined;
    if (!hasReason(error, 'Conflict') || isAsked) throw error;
    throw stillProcessed(budget.metadata.name);
  }
}
