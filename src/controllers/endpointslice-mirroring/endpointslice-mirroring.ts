import type { Endpoints } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { endpoints, endpointslices, services } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { carryOutSlices } from '../shared/slice-writes.ts';
import { managedByLabel, noCounts, serviceNameLabel } from '../shared/slices.ts';
import { MirroringMetrics } from './metrics.ts';
import { isMirrored, managedBy, mostAddresses, planMirror, skippedAddresses } from './plan.ts';

/** Shows Endpoints that people write for Services without a selector as EndpointSlices. */
export function createEndpointSliceMirroringController(context: ControllerContext): Component {
  const serviceInformer = context.informers.of(services);
  const sources = context.informers.of(endpoints);
  const slices = context.informers.of(endpointslices, { labelSelector: `${managedByLabel}=${managedBy}` });
  const keyOfSlice = ({ metadata }: EndpointSlice) =>
    `${metadata.namespace}/${metadata.labels?.[serviceNameLabel]}`;
  const wanted = (key: string): Stored<Endpoints> | undefined => {
    const source = sources.get(key);
    const service = serviceInformer.get(key);
    const isByHand = service !== undefined && Object.keys(service.spec.selector ?? {}).length === 0;
    return source && isByHand && isMirrored(source) ? source : undefined;
  };
  slices.addIndex('source', (slice) => [keyOfSlice(slice)]);
  return createController({
    name: 'endpointslicemirroring-controller',
    queueName: 'endpoint_slice_mirroring',
    context,
    setup: ({ queue, writes }) => {
      const add = (object: { metadata: { namespace?: string; name?: string } }) => queue.add(keyOf(object));
      sources.onChange({ added: add, updated: add, deleted: add });
      serviceInformer.onChange({ added: add, updated: add, deleted: add });
      const addSource = (slice: Stored<EndpointSlice>) => queue.add(keyOfSlice(slice));
      slices.onChange({ updated: addSource, deleted: addSource });
      const metrics = new MirroringMetrics(context.meter, () => slices.list().length);
      const sync = async (key: string) => {
        const source = wanted(key);
        const own = slices.byIndex('source', key);
        if (!source) metrics.forget(key);
        if (!source && own.length === 0) return done;
        const plan = source
          ? planMirror(source, own)
          : { create: [], update: [], remove: own, counts: noCounts };
        const cause = source
          ? causedBy(source, 'slices show what the Endpoints say')
          : { reason: 'there are no Endpoints to show any more' };
        if (source) {
          metrics.planned(key, plan);
          metrics.skipped(skippedAddresses(source));
          tellSkipped(context, source);
        }
        try {
          await carryOutSlices(context, plan, { key, writes, cause, metrics });
        } catch (error) {
          if (isTerminatingNamespace(error)) return done;
          const message = `Error updating Endpoint Slices for Endpoints ${key}: ${(error as Error).message}`;
          const note = { type: 'Warning', reason: 'FailedToUpdateEndpointSlices', message } as const;
          if (source) context.events.record(source, note);
          throw error;
        }
        return done;
      };
      const { clock } = context;
      return async (key) => {
        const startMs = clock.monotonic();
        try {
          return await sync(key);
        } finally {
          metrics.synced(clock.monotonic() - startMs);
        }
      };
    },
  });
}

function tellSkipped({ events }: ControllerContext, source: Stored<Endpoints>): void {
  const skipped = skippedAddresses(source);
  if (skipped === 0) return;
  const message = `A max of ${mostAddresses} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
  events.record(source, { type: 'Warning', reason: 'TooManyAddressesToMirror', message });
}
