import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { endpointslices, nodes, services } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { causedBy } from '../../client/transport.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { enqueueServices, hasEndpoints } from '../shared/service-pods.ts';
import { carryOutSlices } from '../shared/slice-writes.ts';
import { managedByLabel, serviceNameLabel } from '../shared/slices.ts';
import { managedBy, planSlices } from './plan.ts';

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
    context,
    setup: ({ queue, writes }) => {
      const podsOf = enqueueServices(context, queue);
      const addOwner = (slice: Stored<EndpointSlice>) => isOurs(slice) && queue.add(serviceKeyOf(slice));
      slices.onChange({ updated: addOwner, deleted: addOwner });
      return async (key) => {
        const service = serviceInformer.get(key);
        const own = slices.byIndex(byService, key).filter(isOurs);
        // The slices of a Service that is gone are the garbage collector's.
        if (!service || service.metadata.deletionTimestamp || !hasEndpoints(service)) return done;
        const pods = podsOf(service);
        const plan = planSlices({ service, pods, slices: own, node: (name) => nodeInformer.get(name) });
        const count = pods.length;
        const cause = causedBy(service, `${count} pod${count === 1 ? '' : 's'} stand behind it`);
        await carryOutSlices(context, plan, { key, writes, cause });
        return done;
      };
    },
  });
}
