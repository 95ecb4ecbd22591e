import type { Node, Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { endpointslices, nodes, services } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { readiness } from '../shared/nodes.ts';
import { enqueueServices, hasEndpoints } from '../shared/service-pods.ts';
import { carryOutSlices, type SliceWriteOptions } from '../shared/slice-writes.ts';
import { managedByLabel, serviceNameLabel, type SlicePlan } from '../shared/slices.ts';
import { TriggerTimes } from '../shared/trigger-times.ts';
import { EndpointSliceMetrics } from './metrics.ts';
import { managedBy, planSlices, type Topology } from './plan.ts';
import { asksForTopology, shareOf, zoneSharesOf } from './topology.ts';

const byService = 'service';

function serviceKeyOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}

/** Keeps the EndpointSlices of every Service that chooses pods. */
export function createEndpointSliceController(context: ControllerContext): Component {
  const serviceInformer = context.informers.of(services);
  const slices = context.informers.of(endpointslices);
  const nodeInformer = context.informers.of(nodes);
  const isOurs = (slice: EndpointSlice) => slice.metadata.labels?.[managedByLabel] === managedBy;
  slices.addIndex(byService, (slice) =>
    slice.metadata.labels?.[serviceNameLabel] ? [serviceKeyOf(slice)] : [],
  );
  return createController({
    name: 'endpointslice-controller',
    queueName: 'endpoint_slice',
    context,
    setup: ({ queue, writes }) => {
      const podsOf = enqueueServices(context, queue);
      const addOwner = (slice: Stored<EndpointSlice>) => isOurs(slice) && queue.add(serviceKeyOf(slice));
      slices.onChange({ updated: addOwner, deleted: addOwner });
      const addSharing = () => {
        for (const service of serviceInformer.list()) if (asksForTopology(service)) queue.add(keyOf(service));
      };
      const weightOf = (node: Node) => [readiness(node), shareOf(node)];
      /** Services with pods of nodes that are not there. */
      const waiting = new Set<string>();
      const addWaiting = () => {
        for (const key of waiting) queue.add(key);
      };
      nodeInformer.onChange({
        added: () => {
          addWaiting();
          addSharing();
        },
        deleted: addSharing,
        updated: (node, old) => void (deepEqual(weightOf(node), weightOf(old)) || addSharing()),
      });
      const teller = new TopologyTeller(context);
      const times = new TriggerTimes();
      const metrics = new EndpointSliceMetrics(context.meter, () => slices.list().filter(isOurs).length);
      return async (key) => {
        const service = serviceInformer.get(key);
        const own = slices.byIndex(byService, key).filter(isOurs);
        // The slices of a Service that is gone are the garbage collector's.
        if (!service || !hasEndpoints(service)) {
          teller.forget(key);
          times.forget(key);
          waiting.delete(key);
          metrics.forget(key);
          return done;
        }
        const pods = podsOf(service);
        const node = (name: string) => nodeInformer.get(name);
        const zoneShares = () => zoneSharesOf(nodeInformer.list());
        if (pods.some(({ spec }) => spec.nodeName && !node(spec.nodeName))) waiting.add(key);
        else waiting.delete(key);
        const triggerTime = times.look(service, pods);
        const plan = planSlices({ service, pods, slices: own, node, zoneShares, triggerTime });
        const count = pods.length;
        const cause = causedBy(service, `${count} pod${count === 1 ? '' : 's'} stand behind it`);
        metrics.planned(key, plan);
        await carryOutTold(context, service, plan, { key, writes, cause, metrics });
        teller.tell(service, plan.topology);
        return done;
      };
    },
  });
}

/** Carries a plan out and tells where that cannot be done. */
async function carryOutTold(
  context: ControllerContext,
  service: Stored<Service>,
  plan: SlicePlan,
  options: SliceWriteOptions & { metrics: EndpointSliceMetrics },
): Promise<void> {
  const { key, metrics } = options;
  try {
    await carryOutSlices(context, plan, options);
    metrics.carriedOut(key, service, plan);
    metrics.synced('success');
  } catch (error) {
    if (isTerminatingNamespace(error)) return metrics.synced('success');
    metrics.synced('error');
    const message = `Error updating Endpoint Slices for Service ${key}: ${(error as Error).message}`;
    context.events.record(service, { type: 'Warning', reason: 'FailedToUpdateEndpointSlices', message });
    throw error;
  }
}

const phrase = ({ addressType, why }: Topology) =>
  `${why ?? 'Topology Aware Hints has been enabled'}, addressType: ${addressType}`;

/** Tells of a Service by an event when its endpoints come to be shared out among the zones, and when they no longer are. */
class TopologyTeller {
  readonly #events: ControllerContext['events'];
  readonly #said = new Map<string, string>();

  constructor({ events }: ControllerContext) {
    this.#events = events;
  }

  forget(key: string): void {
    this.#said.delete(key);
  }

  tell(service: Stored<Service>, topology: readonly Topology[] | undefined): void {
    const key = keyOf(service);
    const before = this.#said.get(key);
    const now = topology?.map(phrase).join('; ');
    if (before === now) return;
    if (now === undefined) this.forget(key);
    else this.#said.set(key, now);
    const off = { type: 'Warning', reason: 'TopologyAwareHintsDisabled' } as const;
    const on = { type: 'Normal', reason: 'TopologyAwareHintsEnabled' } as const;
    if (!topology)
      this.#events.record(service, { ...off, message: 'Topology Aware Hints has been disabled' });
    for (const one of topology ?? [])
      this.#events.record(service, { ...(one.why === undefined ? on : off), message: phrase(one) });
  }
}
