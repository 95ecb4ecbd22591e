import type { Node, Pod } from '../../api/core/v1.ts';
import { nodes, pods } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import type { Informer } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { allOver } from '../../platform/all-over.ts';
import type { MetricOptions } from '../../platform/metrics/meter.ts';
import type { ControllerContext } from '../controller.ts';
import { noteDisruption } from '../shared/disruption.ts';
import { createPeriodic } from '../shared/periodic.ts';
import { isFinished } from '../shared/pods.ts';
import { findLeftovers, type Leftover } from './plan.ts';

export interface PodGcOptions {
  /** Finished pods that may stay in all; upstream's 12500 unless given. */
  mostFinished?: number;
  /** Time between two rounds; 20 s unless given. */
  periodMs?: number;
  /** How long a node must be missing before its pods are removed; 40 s unless given. */
  quarantineMs?: number;
}

const conditions: Partial<Record<Leftover['why'], { reason: string; message: string }>> = {
  orphaned: { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' },
};

const reasons: Record<Leftover['why'], string> = {
  'out-of-service': 'its node is out of service',
  finished: 'there are too many finished pods',
  orphaned: 'its node does not exist any more',
  unscheduled: 'it was deleted before it had a node',
};

const labels = ['namespace', 'reason'];
const removals: MetricOptions = {
  name: 'pod_gc_collector_force_delete_pods_total',
  help: 'Pods removed by force, by why.',
  stability: 'ALPHA',
  labels,
};
const failures: MetricOptions = {
  name: 'pod_gc_collector_force_delete_pod_errors_total',
  help: 'Pods that could not be removed by force, by why they should have been.',
  stability: 'ALPHA',
  labels,
};

/** Removes pods that no kubelet will remove. */
export function createPodGarbageCollector(context: ControllerContext, options: PodGcOptions = {}): Component {
  const { mostFinished = 12_500, periodMs = 20_000, quarantineMs = 40_000 } = options;
  const podInformer = context.informers.of(pods);
  const nodeInformer = context.informers.of(nodes);
  const missing = new MissingNodes(context, nodeInformer, quarantineMs);
  const round = async () => {
    const all = podInformer.list();
    const missingNodes = await missing.among(all);
    const known = new Map(nodeInformer.list().map((node) => [node.metadata.name, node]));
    const leftovers = findLeftovers({ pods: all, nodes: known, missingNodes, mostFinished });
    await allOver(leftovers.map((leftover) => removeCounted(context, leftover)));
  };
  return createPeriodic({ name: 'pod-garbage-collector', context, periodMs, round });
}

async function removeCounted(context: ControllerContext, leftover: Leftover): Promise<void> {
  const { pod, why } = leftover;
  const values = [pod.metadata.namespace ?? '', why === 'finished' ? 'terminated' : why];
  context.meter
    .counter(removals)
    .with(...values)
    .add();
  try {
    await remove(context, leftover);
  } catch (error) {
    context.meter
      .counter(failures)
      .with(...values)
      .add();
    throw error;
  }
}

async function remove(context: ControllerContext, { pod, why }: Leftover): Promise<void> {
  const cause = causedBy(pod, reasons[why]);
  try {
    // A pod that nobody speaks for would seem to run for ever to those who watch it.
    if (!isFinished(pod))
      await noteDisruption(context, pod, { condition: conditions[why], phase: 'Failed', cause });
    // By force only the one that was looked at: another may have its name by now, and run.
    const preconditions = { uid: pod.metadata.uid };
    await context.client.of(pods).delete(pod.metadata, { cause, gracePeriodSeconds: 0, preconditions });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

/** Nodes that pods name and that have been missing for a while, as the server itself confirms. */
class MissingNodes {
  readonly #context: ControllerContext;
  readonly #informer: Informer<Node>;
  readonly #quarantineMs: number;
  readonly #sinceMs = new Map<string, number>();

  constructor(context: ControllerContext, informer: Informer<Node>, quarantineMs: number) {
    this.#context = context;
    this.#informer = informer;
    this.#quarantineMs = quarantineMs;
  }

  async among(all: readonly Pod[]): Promise<Set<string>> {
    const nowMs = this.#context.clock.now();
    const named = new Set(all.flatMap((pod) => pod.spec.nodeName || []));
    for (const name of this.#sinceMs.keys())
      if (!named.has(name) || this.#informer.get(name)) this.#sinceMs.delete(name);
    for (const name of named)
      if (!this.#informer.get(name) && !this.#sinceMs.has(name)) this.#sinceMs.set(name, nowMs);
    const due = [...this.#sinceMs].filter(([, since]) => nowMs - since >= this.#quarantineMs);
    const gone = await Promise.all(
      due.map(async ([name]) => ((await this.#isGone(name)) ? name : undefined)),
    );
    return new Set(gone.flatMap((name) => name ?? []));
  }

  async #isGone(name: string): Promise<boolean> {
    try {
      await this.#context.client.of(nodes).get({ name });
      return false;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return true;
      throw error;
    }
  }
}
