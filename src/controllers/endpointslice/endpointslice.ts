import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { endpointslices, nodes, services } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { causedBy } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { enqueueServices, hasEndpoints, podsOf } from '../shared/service-pods.ts';
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from './plan.ts';

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
      enqueueServices(context, queue);
      const addOwner = (slice: Stored<EndpointSlice>) => isOurs(slice) && queue.add(serviceKeyOf(slice));
      slices.onChange({ updated: addOwner, deleted: addOwner });
      return async (key) => {
        const service = serviceInformer.get(key);
        const own = slices.byIndex(byService, key).filter(isOurs);
        // The slices of a Service that is gone are the garbage collector's.
        if (!service || service.metadata.deletionTimestamp || !hasEndpoints(service)) return done;
        const pods = podsOf(context, service);
        const plan = planSlices({ service, pods, slices: own, node: (name) => nodeInformer.get(name) });
        const ready = pods.length;
        const cause = causedBy(service, `${ready} pod${ready === 1 ? '' : 's'} stand behind it`);
        const api = context.client.of(endpointslices);
        for (const slice of plan.create) writes.wrote(key, slices, await api.create(slice, { cause }));
        for (const slice of plan.update) writes.wrote(key, slices, await api.update(slice, { cause }));
        for (const slice of plan.remove) {
          await api.delete(slice.metadata, { cause }).catch((error) => {
            if (!hasReason(error, 'NotFound')) throw error;
          });
          writes.deleted(key, slices, slice);
        }
        return done;
      };
    },
  });
}
