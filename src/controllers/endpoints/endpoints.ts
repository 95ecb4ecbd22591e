import type { Endpoints } from '../../api/core/v1.ts';
import { endpoints, services } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { enqueueServices, hasEndpoints, isReachable } from '../shared/service-pods.ts';
import { TriggerTimes, withTriggerTime } from '../shared/trigger-times.ts';
import { mostAddresses, planSubsets } from './plan.ts';

const overCapacityKey = 'endpoints.kubernetes.io/over-capacity';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const headlessLabel = 'service.kubernetes.io/headless';

/** Keeps the Endpoints object of every Service that chooses pods, for clients that know no slices. */
export function createEndpointsController(context: ControllerContext): Component {
  const serviceInformer = context.informers.of(services);
  const informer = context.informers.of(endpoints);
  return createController({
    name: 'endpoint-controller',
    queueName: 'endpoint',
    context,
    setup: ({ queue, writes }) => {
      const podsOf = enqueueServices(context, queue);
      const times = new TriggerTimes();
      informer.onChange({ deleted: (object) => queue.add(keyOf(object)) });
      return async (key) => {
        const service = serviceInformer.get(key);
        const there = informer.get(key);
        const api = context.client.of(endpoints);
        if (!service) {
          times.forget(key);
          const isOurs = there?.metadata.labels?.[managedByLabel] === 'endpoint-controller';
          const cause = { reason: 'its Service is gone' };
          if (!there || !isOurs) return done;
          const preconditions = { uid: there.metadata.uid };
          await api.delete(there.metadata, { cause, preconditions }).catch(ignoring('NotFound'));
          return done;
        }
        if (!hasEndpoints(service)) return done;
        const pods = podsOf(service);
        const subsets = planSubsets(service, pods);
        const { [headlessLabel]: _, ...ofService } = service.metadata.labels ?? {};
        const labels = {
          ...ofService,
          [managedByLabel]: 'endpoint-controller',
          ...(service.spec.clusterIP === 'None' && { [headlessLabel]: '' }),
        };
        const triggerTime = times.look(service, pods);
        const isTooMany = pods.filter(isReachable).length > mostAddresses;
        const { [overCapacityKey]: said, ...others } = there?.metadata.annotations ?? {};
        if (
          there &&
          deepEqual(there.subsets ?? [], subsets) &&
          deepEqual(there.metadata.labels, labels) &&
          isTooMany === (said !== undefined)
        )
          return done;
        const annotations = withTriggerTime(
          { ...others, ...(isTooMany && { [overCapacityKey]: 'truncated' }) },
          triggerTime,
        );
        const { namespace, name } = service.metadata;
        const metadata = { ...there?.metadata, namespace, name, labels, annotations };
        const object: Endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets };
        const cause = causedBy(service, `${pods.length} pod${pods.length === 1 ? '' : 's'} stand behind it`);
        try {
          const written = there ? await api.update(object, { cause }) : await api.create(object, { cause });
          writes.wrote(key, informer, written);
        } catch (error) {
          if (isTerminatingNamespace(error)) return done;
          const { message } = error as Error;
          const [reason, what] = there
            ? ['FailedToUpdateEndpoint', 'update endpoint']
            : ['FailedToCreateEndpoint', 'create endpoint for service'];
          const text = `Failed to ${what} ${key}: ${message}`;
          context.events.record(object, { type: 'Warning', reason, message: text });
          throw error;
        }
        return done;
      };
    },
  });
}
