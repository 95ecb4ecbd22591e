import type { Lease } from '../../api/coordination/v1.ts';
import type { Node, Pod, Taint } from '../../api/core/v1.ts';
import { leases, nodes, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { formatTime } from '../../platform/clock.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import { createPeriodic } from '../shared/periodic.ts';
import { byNode, indexByNode, isReady } from '../shared/pods.ts';
import { readiness } from '../shared/nodes.ts';
import { feelPulse, type HealthOptions, type Pulse, silentConditions } from './health.ts';
import { olderLabels } from './labels.ts';
import { evicts, executeTaints, scheduleTaints, withoutExecuteTaints } from './taints.ts';
import { NodeMetrics } from './metrics.ts';
import { defaultZoneOptions, type ZoneOptions, zoneRates } from './zones.ts';
import { zoneOf } from '../../machinery/node-zone.ts';

export interface NodeLifecycleOptions extends HealthOptions, ZoneOptions {
  /** How often the nodes are looked at. */
  periodMs: number;
}

/** Upstream's figures. */
export const defaultNodeLifecycleOptions: NodeLifecycleOptions = {
  ...defaultZoneOptions,
  graceMs: 50_000,
  startupGraceMs: 60_000,
  periodMs: 5_000,
};

/** Notices nodes that fall silent, and keeps pods away from nodes that are unwell. */
export function createNodeLifecycleController(
  context: ControllerContext,
  options: Partial<NodeLifecycleOptions> = {},
): Component {
  const monitor = new NodeMonitor(context, { ...defaultNodeLifecycleOptions, ...options });
  const controller = createController({
    name: 'node-controller',
    queueName: 'node_lifecycle_controller',
    context,
    setup: ({ queue }) => {
      monitor.subscribe(queue);
      return (key) => monitor.reconcile(key);
    },
  });
  const { periodMs = defaultNodeLifecycleOptions.periodMs } = options;
  const rounds = createPeriodic({ name: 'node-controller', context, periodMs, round: () => monitor.look() });
  const run = async (signal: AbortSignal) => {
    await Promise.all([controller.run(signal), rounds.run(signal)]);
  };
  return { name: controller.name, run };
}

class NodeMonitor {
  readonly #context: ControllerContext;
  readonly #options: NodeLifecycleOptions;
  readonly #nodes: Informer<Node>;
  readonly #metrics: NodeMetrics;
  readonly #pods: Informer<Pod>;
  readonly #leases: Informer<Lease>;
  readonly #pulses = new Map<string, Pulse>();
  /** The pods of each silent node that have been marked: a kubelet that lives all the same may say otherwise afterwards. */
  readonly #marked = new Map<string, Set<string>>();
  /** When the next node of a zone may have its pods sent away, on the monotonic clock. */
  readonly #nextMs = new Map<string, number>();
  #wasAllDisrupted = false;

  constructor(context: ControllerContext, options: NodeLifecycleOptions) {
    this.#context = context;
    this.#options = options;
    this.#nodes = context.informers.of(nodes);
    this.#pods = context.informers.of(pods);
    this.#leases = context.informers.of(leases, { namespace: 'kube-node-lease' });
    indexByNode(this.#pods);
    this.#metrics = new NodeMetrics(context.meter, {
      list: () => this.#nodes.list(),
      isReady: (node) => readiness(node) === 'True',
    });
  }

  subscribe(queue: WorkQueue): void {
    this.#nodes.onChange({
      added: (node) => {
        queue.add(keyOf(node));
        this.#tell(node, 'RegisteredNode', `Registered Node ${node.metadata.name} in Controller`);
      },
      updated: (node) => queue.add(keyOf(node)),
      deleted: (node) => {
        this.#pulses.delete(node.metadata.name);
        this.#marked.delete(node.metadata.name);
        this.#tell(node, 'RemovingNode', `Removing Node ${node.metadata.name} from Controller`);
      },
    });
    const addNode = (pod: Stored<Pod>) => {
      const node = this.#nodes.get(pod.spec.nodeName ?? '');
      if (node && isReady(pod) && readiness(node) === 'Unknown') queue.add(keyOf(node));
    };
    this.#pods.onChange({ added: addNode, updated: addNode });
  }

  /** Brings the taints of a node and the readiness of its pods in line with its conditions, at once, and its labels with each other. */
  async reconcile(name: string): Promise<Outcome> {
    const node = this.#nodes.get(name);
    if (!node) return done;
    const { clock } = this.#context;
    const bySchedule = scheduleTaints(node, clock.now());
    if (bySchedule) await this.#taint(node, bySchedule, 'its conditions ask for other taints');
    // Whose pods are sent away already only changes its reason; the first time is for the rate limit to say.
    else if (evicts(node)) {
      const taints = executeTaints(node, clock.now());
      if (taints)
        await this.#taint(node, taints, `it is ${readiness(node) === 'True' ? 'ready again' : 'not ready'}`);
    }
    if (readiness(node) === 'Unknown') await this.#markPods(node);
    else this.#marked.delete(name);
    const labels = olderLabels(node);
    if (labels) await this.#label(node, labels);
    return done;
  }

  /** Looks at all nodes: silence makes no event. */
  async look(): Promise<void> {
    const all = this.#nodes.list();
    await Promise.all(all.map((node) => this.#check(node).catch((error) => this.#failed(node, error))));
    const { allDisrupted, rates } = zoneRates(this.#nodes.list(), this.#options);
    if (this.#wasAllDisrupted && !allDisrupted) this.#forgive();
    this.#wasAllDisrupted = allDisrupted;
    for (const node of this.#nodes.list())
      await this.#setEviction(node, { rates, allDisrupted }).catch((error) => this.#failed(node, error));
  }

  #failed(node: Stored<Node>, error: unknown): void {
    if (hasReason(error, 'Conflict') || hasReason(error, 'NotFound')) return;
    this.#context.log.warn('node not updated', { node: node.metadata.name, error: String(error) });
  }

  async #check(node: Stored<Node>): Promise<void> {
    const { client, clock } = this.#context;
    const { name } = node.metadata;
    const renewed = this.#leases.get(`kube-node-lease/${name}`)?.spec?.renewTime;
    const now = { monotonicMs: clock.monotonic(), wallMs: clock.now() };
    const pulse = feelPulse({ node, renewed }, this.#pulses.get(name), now);
    this.#pulses.set(name, pulse);
    const conditions = silentConditions(node, pulse, { ...this.#options, ...now });
    if (!conditions) return;
    const silentSeconds = Math.round((now.monotonicMs - pulse.seenMs) / 1000);
    const cause = causedBy(node, `nothing has been heard of it for ${silentSeconds} s`);
    const status = { ...node.status, conditions };
    await client.of(nodes).updateStatus({ ...node, status }, { cause });
    if (readiness(node) === 'True')
      this.#tell(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`, '');
  }

  /** After a disruption of everything, everybody gets a whole grace period again. */
  #forgive(): void {
    const seenMs = this.#context.clock.monotonic();
    for (const [name, pulse] of this.#pulses) this.#pulses.set(name, { ...pulse, seenMs });
  }

  async #setEviction(
    node: Stored<Node>,
    { rates, allDisrupted }: { rates: Map<string, number>; allDisrupted: boolean },
  ): Promise<void> {
    const { clock } = this.#context;
    if (allDisrupted || readiness(node) === 'True') {
      const taints = withoutExecuteTaints(node);
      if (taints)
        await this.#taint(node, taints, allDisrupted ? 'no node at all is ready' : 'it is ready again');
      return;
    }
    const zone = zoneOf(node);
    const rate = rates.get(zone) ?? this.#options.ratePerSecond;
    if (evicts(node) || rate === 0 || clock.monotonic() < (this.#nextMs.get(zone) ?? 0)) return;
    const taints = executeTaints(node, clock.now());
    if (!taints) return;
    await this.#taint(node, taints, 'its pods shall go where they can run');
    this.#metrics.evicted(node);
    this.#nextMs.set(zone, clock.monotonic() + 1000 / rate);
  }

  async #taint(node: Stored<Node>, taints: Taint[], why: string): Promise<void> {
    const { resourceVersion } = node.metadata;
    const patch = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
    const options = { type: 'application/merge-patch+json', cause: causedBy(node, why) } as const;
    await this.#context.client.of(nodes).patch(node.metadata, patch, options);
  }

  async #label(node: Stored<Node>, labels: Record<string, string>): Promise<void> {
    const patch = { metadata: { uid: node.metadata.uid, labels } };
    const cause = causedBy(node, 'its labels of older names shall say the same');
    const options = { type: 'application/strategic-merge-patch+json', cause } as const;
    await this.#context.client.of(nodes).patch(node.metadata, patch, options);
  }

  /** Nobody else can say of the pods of a silent node that they are not to be relied on. Said once while it is silent. */
  async #markPods(node: Stored<Node>): Promise<void> {
    const { client, clock, events } = this.#context;
    const marked = this.#marked.get(node.metadata.name) ?? new Set();
    this.#marked.set(node.metadata.name, marked);
    const there = this.#pods.byIndex(byNode, node.metadata.name);
    const ready = there.filter((pod) => isReady(pod) && !marked.has(pod.metadata.uid));
    const cause = causedBy(node, 'its node is unreachable');
    const lastTransitionTime = formatTime(clock.now());
    const options = { type: 'application/strategic-merge-patch+json', subresource: 'status', cause } as const;
    await Promise.all(
      ready.map(async (pod) => {
        const { uid, generation: observedGeneration } = pod.metadata;
        const unready = { type: 'Ready', status: 'False', lastTransitionTime, observedGeneration };
        await client
          .of(pods)
          .patch(pod.metadata, { metadata: { uid }, status: { conditions: [unready] } }, options);
        marked.add(pod.metadata.uid);
        events.record(pod, { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' });
      }),
    );
  }

  #tell(
    node: Stored<Node>,
    reason: string,
    what: string,
    prefix = `Node ${node.metadata.name} event: `,
  ): void {
    this.#context.events.record(node, { type: 'Normal', reason, message: `${prefix}${what}` });
  }
}
