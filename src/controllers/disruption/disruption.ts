import type { Pod } from '../../api/core/v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/policy/v1.ts';
import { poddisruptionbudgets, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { goQuote } from '../../machinery/go-text.ts';
import {
  compiledOnce,
  formatLabelSelector,
  matchesLabels,
  type Selector,
} from '../../machinery/label-selector.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import type { Discover } from '../discovery.ts';
import { byNamespace, indexByNamespace, isReady } from '../shared/pods.ts';
import { Selecting } from '../shared/selecting.ts';
import { spacingMs } from '../shared/spacing.ts';
import { saysSame } from '../shared/status.ts';
import { budgetStatus, failedStatus, healthyPods, needsScale, pendingEvictions, wantedPods } from './plan.ts';
import { ScaleFinder } from './scale-finder.ts';

/** Keeps count of how many pods of each PodDisruptionBudget may be evicted. */
export function createDisruptionController(
  context: ControllerContext,
  options: { discover: Discover },
): Component {
  return createController({
    name: 'disruption-controller',
    queueName: 'disruption',
    context,
    setup: ({ queue, writes }) => {
      const controller = new DisruptionController(context, writes, options.discover);
      controller.subscribe(queue);
      return (key) => controller.reconcile(key);
    },
  });
}

class DisruptionController {
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #scales: ScaleFinder;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #selecting: Selecting<PodDisruptionBudget>;

  constructor(context: ControllerContext, writes: OwnWrites, discover: Discover) {
    this.#context = context;
    this.#writes = writes;
    this.#scales = new ScaleFinder(context, discover);
    this.#budgets = context.informers.of(poddisruptionbudgets);
    this.#pods = context.informers.of(pods);
    this.#selecting = new Selecting(this.#budgets, selectorOf);
    indexByNamespace(this.#pods);
  }

  subscribe(queue: WorkQueue): void {
    const addBudget = (budget: Stored<PodDisruptionBudget>) => queue.add(keyOf(budget));
    this.#budgets.onChange({ added: addBudget, updated: addBudget });
    const addFor = (pod: Stored<Pod>) => {
      const keys = this.#selecting.keysFor(pod);
      for (const key of keys) {
        const { expectedPods = 0 } = this.#budgets.get(key)?.status ?? {};
        queue.addAfter(key, spacingMs(expectedPods));
      }
      return keys;
    };
    this.#pods.onChange({
      added: (pod) => this.#tellSeveral(pod, addFor(pod)),
      deleted: addFor,
      updated: (pod, old) => {
        const view = (p: Pod) => [
          p.metadata.labels,
          p.metadata.deletionTimestamp,
          isReady(p),
          p.metadata.ownerReferences,
        ];
        if (deepEqual(view(pod), view(old))) return;
        addFor(old);
        this.#tellSeveral(pod, addFor(pod));
      },
    });
  }

  async reconcile(key: string): Promise<Outcome> {
    const budget = this.#budgets.get(key);
    if (!budget) return done;
    const nowMs = this.#context.clock.now();
    // Read here, where others get their turn in between, rather than all of a namespace when the first pod comes.
    const selector = selectorOf(budget);
    const near = this.#pods.byIndex(byNamespace, budget.metadata.namespace ?? '');
    const own = near.filter((pod) => matchesLabels(selector, pod.metadata.labels));
    if (own.length === 0) this.#tell(budget, 'NoPods', 'No matching pods found', 'Normal');
    try {
      const scale = await this.#scale(budget, own);
      const wanted = wantedPods(budget, { pods: own.length, scale });
      const { pending, late, againInMs } = pendingEvictions(budget.status, own, nowMs);
      for (const pod of late) this.#tellLate(budget, pod);
      const current = healthyPods(own, pending);
      await this.#report(budget, budgetStatus(budget, { ...wanted, current, pending, nowMs }));
      return againInMs === undefined ? done : { type: 'again', afterMs: againInMs };
    } catch (error) {
      const message = (error as Error).message;
      await this.#report(budget, failedStatus(budget, message, nowMs));
      throw error;
    }
  }

  async #scale(budget: Stored<PodDisruptionBudget>, own: readonly Pod[]): Promise<number> {
    if (!needsScale(budget)) return own.length;
    try {
      const { scale, unmanaged } = await this.#scales.total(own);
      if (unmanaged.length > 0) this.#tellUnmanaged(budget);
      return scale;
    } catch (error) {
      const message = `Failed to calculate the number of expected pods: ${(error as Error).message}`;
      this.#tell(budget, 'CalculateExpectedPodCountFailed', message, 'Warning');
      throw error;
    }
  }

  #tellUnmanaged(budget: Stored<PodDisruptionBudget>): void {
    const selector = formatLabelSelector(compiledOnce(budget.spec.selector) ?? []);
    const message = [
      `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged.`,
      'As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior.',
      'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
    ].join(' ');
    this.#tell(budget, 'UnmanagedPods', message, 'Warning');
  }

  /** Nobody may evict a pod that several budgets speak of; `keys` are those of all that do. */
  #tellSeveral(pod: Stored<Pod>, keys: readonly string[]): void {
    if (keys.length < 2) return;
    const { namespace = '', name } = pod.metadata;
    const chosen = goQuote(keys[0]?.slice(namespace.length + 1) ?? '');
    const message = `Pod ${goQuote(namespace)}/${goQuote(name)} matches multiple PodDisruptionBudgets.  Chose ${chosen} arbitrarily.`;
    const reason = 'MultiplePodDisruptionBudgets';
    this.#context.events.record(pod, { type: 'Warning', reason, message });
  }

  #tellLate(budget: Stored<PodDisruptionBudget>, pod: Pod): void {
    const { namespace, name } = budget.metadata;
    const message = `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`;
    this.#context.events.record(pod, { type: 'Warning', reason: 'NotDeleted', message });
  }

  async #report(budget: Stored<PodDisruptionBudget>, status: PodDisruptionBudgetStatus): Promise<void> {
    if (saysSame(poddisruptionbudgets, budget.status, status)) return;
    const cause = causedBy(budget, `${status.currentHealthy ?? 0} of its pods are healthy`);
    const api = this.#context.client.of(poddisruptionbudgets);
    const written = await api.updateStatus({ ...budget, status }, { cause });
    this.#writes.wrote(keyOf(budget), this.#budgets, written);
  }

  #tell(
    budget: Stored<PodDisruptionBudget>,
    reason: string,
    message: string,
    type: 'Normal' | 'Warning',
  ): void {
    this.#context.events.record(budget, { type, reason, message });
  }
}

/** What the budget selects; where it cannot be read, nothing. */
function selectorOf(budget: PodDisruptionBudget): Selector | undefined {
  try {
    return compiledOnce(budget.spec.selector);
  } catch {
    return undefined;
  }
}
